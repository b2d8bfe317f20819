/* tick.c - the pause between two looks at a condition: wait_for of lib.sh asks again and again, at most so often. */
#include <poll.h>
#include <stddef.h>

enum { TICK_MS = 50 };

int main(void)
{
    return poll(NULL, 0, TICK_MS) == 0 ? 0 : 1;
}
