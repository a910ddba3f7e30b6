/* Libraries loaded when they are first needed, because most commands get by without them. As when the linker misses
 * one, a library or function that is not there ends the process, with NASC_ENVIRONMENT. */
#ifndef NASC_BASE_LIBRARY_H
#define NASC_BASE_LIBRARY_H

/* file: as the linker looks for it. */
void *library_open(const char *file);
/* Never NULL. */
void *library_function(void *library, const char *name);

#endif
