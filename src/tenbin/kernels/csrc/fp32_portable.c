/* The fp32 core for what every processor of a family has. */
#include "portable.h"

#define PATH lce_portable_fp32
#define NAME "portable-fp32"

#include "fp32.h"
