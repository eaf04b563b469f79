/**
 * File descriptor, in the child, of the pipe between the parent and the child's guard. In a file of its own, because the guard's
 * thread loads everything that it imports once more.
 */
export const GUARD_FD = 4;
