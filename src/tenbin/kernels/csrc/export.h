/* The library shows no names but those that Python calls. */
#ifndef TENBIN_EXPORT_H
#define TENBIN_EXPORT_H

#define EXPORT __attribute__((visibility("default")))

#endif
