// Landlock: the kernel's lock on paths and ports, for whoever wants to have fewer rights.
// Source: Linux, Documentation/userspace-api/landlock.rst.
#pragma once

namespace verbatim::sandbox {

// From now on the calling thread can open no path, reach no port, and signal nobody outside, as far
// as this kernel's Landlock knows of such things. Needs no_new_privs. Returns an error number, or
// 0.
int RefusePaths();

}  // namespace verbatim::sandbox
