/* For the tool's release build: random bytes that are the same in every process.
 *
 * A build script among the dependencies (cfgrammar, for promql-parser) writes a hash set into the code
 * that it generates, in the set's own order, which the standard library draws anew for each process.
 * Preloaded while building, and only then; nothing that is built holds it. */
#include <stddef.h>
#include <sys/types.h>

ssize_t getrandom(void *buffer, size_t length, unsigned flags)
{
    (void)flags;
    for (size_t at = 0; at < length; at++)
        ((unsigned char *)buffer)[at] = (unsigned char)(at * 151 + 7);
    return (ssize_t)length;
}
