// The boundary to JavaScript (Node-API 8). Everything that comes from there is checked here or by the kernels' own checks: a wrong
// argument is a thrown error with a code, never a fault. One Session is one backend; it belongs to one JavaScript thread.
#define NAPI_VERSION 8
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <unordered_set>

#include "buffers.h"
#include "executor.h"
#include "registry.h"

namespace kernels {
namespace {

constexpr napi_type_tag kSessionTag = {0x6b65726e656c7331ull, 0x636c61696d62656eull};

struct Session;

// A read that JavaScript waits for.
struct PendingRead {
  ReadRequest request;
  Session* session;
  napi_deferred promise;
  napi_ref view;
};

struct Session {
  napi_env env;
  Buffers buffers;
  std::vector<const Kernel*> kernels;
  Executor* executor = nullptr;
  napi_threadsafe_function settle = nullptr;
  std::unordered_set<PendingRead*> reads;
  bool closed = false;
};

// --- errors and arguments ---

napi_value refuse(napi_env env, const char* code, const char* message) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (!pending) napi_throw_error(env, code, message);
  return nullptr;
}

napi_value errorOf(napi_env env, const char* code, const char* message) {
  napi_value codeValue, messageValue, error;
  napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &codeValue);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &messageValue);
  napi_create_error(env, codeValue, messageValue, &error);
  return error;
}

struct Arguments {
  napi_value values[6] = {};
  size_t count = 6;
  Arguments(napi_env env, napi_callback_info info) { napi_get_cb_info(env, info, &count, values, nullptr, nullptr); }
};

// The open session of the first argument; throws otherwise.
Session* sessionOf(napi_env env, napi_value value, bool closedToo = false) {
  napi_valuetype type;
  bool tagged = false;
  void* data = nullptr;
  if (value == nullptr || napi_typeof(env, value, &type) != napi_ok || type != napi_object ||
      napi_check_object_type_tag(env, value, &kSessionTag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, value, &data) != napi_ok) {
    refuse(env, "invalid-argument", "the first argument is a session of this addon");
    return nullptr;
  }
  auto* session = static_cast<Session*>(data);
  if (session->closed && !closedToo) {
    refuse(env, "backend-closed", "the native backend is closed");
    return nullptr;
  }
  return session;
}

bool numberOf(napi_env env, napi_value value, double* into) {
  return value != nullptr && napi_get_value_double(env, value, into) == napi_ok;
}

// An integer from 0 to `most`; throws otherwise.
bool integerOf(napi_env env, napi_value value, const char* what, double most, int64_t* into) {
  double number = 0;
  char message[96];
  if (!numberOf(env, value, &number) || !(number >= 0 && number <= most) || number != double(int64_t(number))) {
    snprintf(message, sizeof message, "%s is an integer from 0 to %.0f, found %g", what, most, number);
    refuse(env, "invalid-argument", message);
    return false;
  }
  *into = int64_t(number);
  return true;
}

struct View {
  char* data = nullptr;
  int64_t bytes = 0;
};

// The bytes of a typed array or DataView; throws otherwise. A detached one has none.
bool viewOf(napi_env env, napi_value value, View* into) {
  bool isView = false;
  void* data = nullptr;
  size_t length = 0;
  if (value != nullptr && napi_is_typedarray(env, value, &isView) == napi_ok && isView) {
    napi_typedarray_type type;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) == napi_ok) {
      static const int bytes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
      if (int(type) >= 0 && int(type) < 11) {
        *into = {static_cast<char*>(data), data == nullptr ? 0 : int64_t(length) * bytes[type]};
        return true;
      }
    }
  } else if (value != nullptr && napi_is_dataview(env, value, &isView) == napi_ok && isView) {
    if (napi_get_dataview_info(env, value, &length, &data, nullptr, nullptr) == napi_ok) {
      *into = {static_cast<char*>(data), data == nullptr ? 0 : int64_t(length)};
      return true;
    }
  }
  refuse(env, "invalid-argument", "a typed array or DataView was expected");
  return false;
}

// A live buffer and the place `offset` in it, with room for `bytes`; throws otherwise.
bool placeOf(napi_env env, Session* session, napi_value idValue, napi_value offsetValue, int64_t bytes, char** place) {
  double id = 0;
  Buffer buffer;
  int64_t offset = 0;
  char message[128];
  if (!numberOf(env, idValue, &id) || !session->buffers.live(id) || !session->buffers.resolve(id, &buffer)) {
    snprintf(message, sizeof message, "%.0f is not a live buffer of this backend", id);
    refuse(env, "invalid-buffer", message);
    return false;
  }
  if (!integerOf(env, offsetValue, "byteOffset", double(kMostElements), &offset)) return false;
  if (bytes > buffer.bytes || offset > buffer.bytes - bytes) {
    snprintf(message, sizeof message, "%lld bytes at byte %lld do not fit into a buffer of %lld bytes", (long long)bytes,
             (long long)offset, (long long)buffer.bytes);
    refuse(env, "size-mismatch", message);
    return false;
  }
  *place = buffer.data + offset;
  return true;
}

// --- reads ---

void finishRead(napi_env env, PendingRead* read, const char* code, const char* message) {
  napi_value error = errorOf(env, code, message);
  napi_reject_deferred(env, read->promise, error);
}

// On the JavaScript thread, when the executor has staged the bytes.
void settleRead(napi_env env, napi_value, void*, void* data) {
  if (env == nullptr) return;  // the session was closed in between: it has settled and freed the read
  auto* read = static_cast<PendingRead*>(data);
  Session* session = read->session;
  session->reads.erase(read);
  if (session->reads.empty()) napi_unref_threadsafe_function(env, session->settle);
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_value target = nullptr, nothing;
  View view;
  const Fault& fault = read->request.fault;
  if (fault.set()) {
    finishRead(env, read, fault.code, fault.message);
  } else if (napi_get_reference_value(env, read->view, &target) != napi_ok || !viewOf(env, target, &view) ||
             view.bytes < read->request.bytes) {
    bool pending = false;
    napi_value ignored;
    if (napi_is_exception_pending(env, &pending) == napi_ok && pending) napi_get_and_clear_last_exception(env, &ignored);
    finishRead(env, read, "invalid-argument", "the array to read into was detached or shrank while the read was under way");
  } else {
    if (read->request.bytes > 0) memcpy(view.data, read->request.staging, size_t(read->request.bytes));
    napi_get_undefined(env, &nothing);
    napi_resolve_deferred(env, read->promise, nothing);
  }
  napi_delete_reference(env, read->view);
  free(read->request.staging);
  delete read;
  napi_close_handle_scope(env, scope);
}

// On the executor's thread.
void readDone(void* context, ReadRequest* request) {
  auto* session = static_cast<Session*>(context);
  napi_call_threadsafe_function(session->settle, request->owner, napi_tsfn_nonblocking);
}

// --- life ---

// Stops the executor and frees everything; reads under way reject where there is still someone to tell.
void closeSession(Session* session, bool tell) {
  if (session->closed) return;
  session->closed = true;
  delete session->executor;
  session->executor = nullptr;
  for (PendingRead* read : session->reads) {
    if (tell) {
      finishRead(session->env, read, "backend-closed", "the native backend was closed while a read was under way");
      napi_delete_reference(session->env, read->view);
    }
    free(read->request.staging);
    delete read;
  }
  session->reads.clear();
  napi_release_threadsafe_function(session->settle, napi_tsfn_abort);
  session->buffers.~Buffers();
  new (&session->buffers) Buffers;
}

void atExit(void* session) { closeSession(static_cast<Session*>(session), false); }

void collect(napi_env env, void* data, void*) {
  auto* session = static_cast<Session*>(data);
  napi_remove_env_cleanup_hook(env, atExit, session);
  closeSession(session, false);
  delete session;
}

const InstructionSet* instructionSetNamed(napi_env env, napi_value value) {
  char name[32] = "";
  size_t length = 0;
  if (value == nullptr || napi_get_value_string_utf8(env, value, name, sizeof name, &length) != napi_ok) return nullptr;
  for (const InstructionSet* set = kInstructionSets; set->name != nullptr; set++) {
    if (strcmp(set->name, name) == 0 && runsHere(*set)) return set;
  }
  return nullptr;
}

// open(instructionSet, threads) -> session
napi_value open(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  int64_t threads = 0;
  const InstructionSet* set = instructionSetNamed(env, arguments.values[0]);
  if (set == nullptr) return refuse(env, "backend-unavailable", "this addon has no such instruction set for this processor");
  if (!integerOf(env, arguments.values[1], "threads", 256, &threads)) return nullptr;
  if (threads < 1) return refuse(env, "invalid-argument", "threads is at least 1");
  auto* session = new (std::nothrow) Session;
  if (session == nullptr) return refuse(env, "out-of-memory", "no memory for a backend");
  session->env = env;
  for (const Kernel* const* table = set->tables; *table != nullptr; table++) {
    for (const Kernel* kernel = *table; kernel->name != nullptr; kernel++) session->kernels.push_back(kernel);
  }
  napi_value name, object;
  napi_create_string_utf8(env, "claimbench kernels", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, settleRead,
                                      &session->settle) != napi_ok) {
    delete session;
    return refuse(env, "native-failure", "Node-API gave no thread-safe function");
  }
  napi_unref_threadsafe_function(env, session->settle);
  session->executor = new (std::nothrow) Executor(int(threads), readDone, session);
  if (session->executor == nullptr || session->executor->failed()) {
    closeSession(session, false);
    delete session;
    return refuse(env, "out-of-memory", "the system gave no thread");
  }
  napi_create_object(env, &object);
  napi_type_tag_object(env, object, &kSessionTag);
  napi_wrap(env, object, session, collect, nullptr, nullptr);
  napi_add_env_cleanup_hook(env, atExit, session);
  return object;
}

napi_value close(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0], true);
  if (session != nullptr) closeSession(session, true);
  return nullptr;
}

// --- buffers ---

// allocate(session, bytes) -> id
napi_value allocate(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  int64_t bytes = 0;
  if (session == nullptr || !integerOf(env, arguments.values[1], "bytes", double(kMostElements), &bytes)) return nullptr;
  static const int64_t memory = int64_t(sysconf(_SC_PHYS_PAGES)) * int64_t(sysconf(_SC_PAGESIZE));
  const double id = memory > 0 && bytes > memory - session->buffers.liveBytes() ? 0 : session->buffers.allocate(bytes);
  if (id == 0) {
    char message[128];
    snprintf(message, sizeof message, "no memory for a buffer of %lld bytes (%lld bytes are in use)", (long long)bytes,
             (long long)session->buffers.liveBytes());
    return refuse(env, "out-of-memory", message);
  }
  napi_value value;
  napi_create_double(env, id, &value);
  return value;
}

// free(session, id)
napi_value release(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  double id = 0;
  if (session == nullptr) return nullptr;
  if (!numberOf(env, arguments.values[1], &id) || !session->buffers.free(id)) {
    return refuse(env, "invalid-buffer", "free: not a live buffer of this backend");
  }
  return nullptr;
}

// --- commands ---

// Appends one command to the batch, or refuses it. Layout: kernel, buffers n, scalars m, n ids, m scalars. Returns the doubles taken.
size_t append(napi_env env, Session* session, Batch* batch, const double* command, size_t left) {
  char message[256];
  if (left < 3) return refuse(env, "invalid-argument", "a command is cut off"), 0;
  const double kernelIndex = command[0], buffers = command[1], scalars = command[2];
  const bool sound = kernelIndex >= 0 && kernelIndex < double(session->kernels.size()) && buffers >= 0 && scalars >= 0 &&
                     buffers + scalars <= double(left - 3) && buffers == double(size_t(buffers)) &&
                     scalars == double(size_t(scalars)) && kernelIndex == double(size_t(kernelIndex));
  if (!sound) return refuse(env, "invalid-argument", "a command does not name a kernel or is cut off"), 0;
  Step step{};
  step.kind = Step::kKernel;
  step.kernel = session->kernels[size_t(kernelIndex)];
  step.firstBuffer = int(batch->buffers.size());
  step.buffers = int(buffers);
  step.firstScalar = int(batch->scalars.size());
  step.scalars = int(scalars);
  for (int i = 0; i < step.buffers; i++) {
    const double id = command[3 + i];
    Buffer buffer{nullptr, 0};
    if (id != 0 && !session->buffers.resolve(id, &buffer)) {
      snprintf(message, sizeof message, "%s: buffer %d (id %.0f) is not a live buffer of this backend", step.kernel->name, i, id);
      batch->buffers.resize(size_t(step.firstBuffer));
      return refuse(env, "invalid-buffer", message), 0;
    }
    batch->buffers.push_back(buffer);
  }
  batch->scalars.insert(batch->scalars.end(), command + 3 + step.buffers, command + 3 + step.buffers + step.scalars);
  Fault fault;
  fault.clear();
  Call check(step.kernel->name, batch->buffers.data() + step.firstBuffer, step.buffers, batch->scalars.data() + step.firstScalar,
             step.scalars, nullptr, nullptr, &fault);
  step.kernel->run(check);
  if (fault.set()) {
    batch->buffers.resize(size_t(step.firstBuffer));
    batch->scalars.resize(size_t(step.firstScalar));
    return refuse(env, fault.code, fault.message), 0;
  }
  batch->steps.push_back(step);
  return size_t(3 + step.buffers + step.scalars);
}

// submit(session, commands: Float64Array, length). Throws at the first unsound command; those before it run, the rest are dropped.
napi_value submit(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  View list;
  int64_t length = 0;
  if (session == nullptr || !viewOf(env, arguments.values[1], &list)) return nullptr;
  if (!integerOf(env, arguments.values[2], "length", double(list.bytes / 8), &length)) return nullptr;
  const auto* commands = reinterpret_cast<const double*>(list.data);
  Batch* batch = session->executor->take();
  for (size_t at = 0; at < size_t(length);) {
    const size_t taken = append(env, session, batch, commands + at, size_t(length) - at);
    if (taken == 0) break;
    at += taken;
  }
  session->buffers.recycle();
  session->executor->submit(batch);
  return nullptr;
}

// write(session, id, view, byteOffset): everything encoded before has been submitted.
napi_value write(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  View view;
  char* place = nullptr;
  if (session == nullptr || !viewOf(env, arguments.values[2], &view)) return nullptr;
  if (!placeOf(env, session, arguments.values[1], arguments.values[3], view.bytes, &place)) return nullptr;
  if (view.bytes == 0) return nullptr;
  if (session->executor->idle()) {
    memcpy(place, view.data, size_t(view.bytes));
    return nullptr;
  }
  auto* staged = static_cast<char*>(malloc(size_t(view.bytes)));
  if (staged == nullptr) return refuse(env, "out-of-memory", "no memory to stage a write");
  memcpy(staged, view.data, size_t(view.bytes));
  Step step{};
  step.kind = Step::kWrite;
  step.target = place;
  step.source = staged;
  step.bytes = view.bytes;
  Batch* batch = session->executor->take();
  batch->steps.push_back(step);
  session->executor->submit(batch);
  return nullptr;
}

// read(session, id, view, byteOffset) -> promise: everything encoded before has been submitted.
napi_value read(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  View view;
  char* place = nullptr;
  if (session == nullptr || !viewOf(env, arguments.values[2], &view)) return nullptr;
  if (!placeOf(env, session, arguments.values[1], arguments.values[3], view.bytes, &place)) return nullptr;
  auto* staging = static_cast<char*>(malloc(size_t(view.bytes) + 1));
  auto* pending = new (std::nothrow) PendingRead;
  if (staging == nullptr || pending == nullptr) {
    free(staging);
    delete pending;
    return refuse(env, "out-of-memory", "no memory to stage a read");
  }
  napi_value promise;
  pending->request = {staging, view.bytes, {}, pending};
  pending->session = session;
  napi_create_promise(env, &pending->promise, &promise);
  napi_create_reference(env, arguments.values[2], 1, &pending->view);
  if (session->reads.empty()) napi_ref_threadsafe_function(env, session->settle);
  session->reads.insert(pending);
  Step step{};
  step.kind = Step::kRead;
  step.source = place;
  step.bytes = view.bytes;
  step.read = &pending->request;
  Batch* batch = session->executor->take();
  batch->steps.push_back(step);
  session->executor->submit(batch);
  return promise;
}

// --- description ---

// state(session) -> [live buffers, live bytes, threads]
napi_value state(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  Session* session = sessionOf(env, arguments.values[0]);
  if (session == nullptr) return nullptr;
  const double values[] = {double(session->buffers.liveCount()), double(session->buffers.liveBytes()),
                           double(session->executor->threads())};
  napi_value array;
  napi_create_array_with_length(env, 3, &array);
  for (uint32_t i = 0; i < 3; i++) {
    napi_value value;
    napi_create_double(env, values[i], &value);
    napi_set_element(env, array, i, value);
  }
  return array;
}

// describe() -> { build, instructionSets: those that run here, best first, kernels: names by index }
napi_value describe(napi_env env, napi_callback_info) {
  napi_value object, sets, names, value;
  napi_create_object(env, &object);
  napi_create_array(env, &sets);
  napi_create_array(env, &names);
  uint32_t count = 0;
  for (const InstructionSet* set = kInstructionSets; set->name != nullptr; set++) {
    if (!runsHere(*set)) continue;
    napi_create_string_utf8(env, set->name, NAPI_AUTO_LENGTH, &value);
    napi_set_element(env, sets, count++, value);
  }
  count = 0;
  for (const Kernel* const* table = kInstructionSets[0].tables; *table != nullptr; table++) {
    for (const Kernel* kernel = *table; kernel->name != nullptr; kernel++) {
      napi_create_string_utf8(env, kernel->name, NAPI_AUTO_LENGTH, &value);
      napi_set_element(env, names, count++, value);
    }
  }
  napi_create_string_utf8(env, kBuild, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, object, "build", value);
  napi_set_named_property(env, object, "instructionSets", sets);
  napi_set_named_property(env, object, "kernels", names);
  return object;
}

}  // namespace
}  // namespace kernels

NAPI_MODULE_INIT() {
  using namespace kernels;
  const napi_property_descriptor functions[] = {
      {"describe", nullptr, describe, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"open", nullptr, open, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"close", nullptr, close, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"allocate", nullptr, allocate, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"free", nullptr, release, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"write", nullptr, write, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"submit", nullptr, submit, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"read", nullptr, read, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"state", nullptr, state, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
