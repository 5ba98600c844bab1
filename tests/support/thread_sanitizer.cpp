/// What the thread sanitizer is told to pass over. oneTBB's library is not compiled for it, so it does not see that a task is made
/// before it is run: accesses by oneTBB's own headers look like races. Only those are named (the top frame), and what its library
/// itself frees when its threads end; everything that florin's stages touch is still looked at, and its order stands in atomics of
/// their own.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race_top:/oneapi/tbb/\ncalled_from_lib:libtbb.so\n"; }
