/** What a clock counts, in seconds: time on the wall, or the processor time of this process. */
const clocks = {
  wall: () => performance.now() / 1000,
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
};

/** The clock that --clock names. */
export function clockNamed(name) {
  const clock = clocks[name];
  if (clock === undefined) throw new Error(`no clock ${name}: ${Object.keys(clocks).join(', ')}`);
  return clock;
}
