/* Attention for any processor. */
#include "portable.h"

#define PATH attention_portable
#define NAME "portable"

#include "attention_core.h"
