/* Preloaded into a test: while the named file exists, every sync fails as on a dying disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int fail(const char *name, int fd) {
    const char *file = getenv("REEVE_SYNC_FAILS_WHILE");
    if (file && access(file, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd) { return fail("fsync", fd); }
int fdatasync(int fd) { return fail("fdatasync", fd); }
