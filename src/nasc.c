#include "nasc.h"

const char *nasc_version(void) {
    return NASC_VERSION;
}
