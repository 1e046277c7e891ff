// Debian's configuration of Duktape, and a question that it asks while it runs: is the time up?
#pragma once

#include DEBIAN_DUK_CONFIG

#ifdef __cplusplus
extern "C" {
#endif
// 1: the script has to end now. `heap_data` is what the heap was made with.
int higuma_script_must_end(void* heap_data);
#ifdef __cplusplus
}
#endif

#define DUK_USE_INTERRUPT_COUNTER
#define DUK_USE_EXEC_TIMEOUT_CHECK(heap_data) higuma_script_must_end(heap_data)
