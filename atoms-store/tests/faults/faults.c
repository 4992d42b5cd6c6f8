/* A disk that fails: laid between a program and the C library with LD_PRELOAD.
 *
 * The file ATOMS_FAULTS holds three bytes, which its owner may change at any time: the errno with which writes, syncs and
 * reads fail, or 0. Only files whose path holds ATOMS_FAULTS_OF fail. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { WRITES, SYNCS, READS };

static const volatile unsigned char *faults;
static const char *of;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ATOMS_FAULTS");
    of = getenv("ATOMS_FAULTS_OF");
    int file = path && of ? open(path, O_RDONLY) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, 3, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED) faults = mapped;
}

/* The errno with which a call on this file fails, or 0. */
static int fault(int fd, int what) {
    if (!faults || !faults[what]) return 0;
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, of) ? faults[what] : 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A full disk takes a part before it takes nothing. */
static size_t taken(int error, size_t count) { return error == ENOSPC && count > 512 ? count / 2 : 0; }

#define ON_DISK(result, name, params, call, what)      \
    result name params {                               \
        int error = fault(fd, what);                   \
        if (!error) return NEXT(name) call;            \
        if (what == WRITES && (count = taken(error, count))) return NEXT(name) call; \
        errno = error;                                 \
        return -1;                                     \
    }

#define SYNC(name)                          \
    int name(int fd) {                      \
        int error = fault(fd, SYNCS);       \
        if (!error) return NEXT(name)(fd);  \
        errno = error;                      \
        return -1;                          \
    }

ON_DISK(ssize_t, write, (int fd, const void *buffer, size_t count), (fd, buffer, count), WRITES)
ON_DISK(ssize_t, pwrite, (int fd, const void *buffer, size_t count, off_t at), (fd, buffer, count, at), WRITES)
ON_DISK(ssize_t, pwrite64, (int fd, const void *buffer, size_t count, off64_t at), (fd, buffer, count, at), WRITES)
ON_DISK(ssize_t, read, (int fd, void *buffer, size_t count), (fd, buffer, count), READS)
ON_DISK(ssize_t, pread, (int fd, void *buffer, size_t count, off_t at), (fd, buffer, count, at), READS)
ON_DISK(ssize_t, pread64, (int fd, void *buffer, size_t count, off64_t at), (fd, buffer, count, at), READS)
SYNC(fsync)
SYNC(fdatasync)
