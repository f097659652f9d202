/* SPDX-License-Identifier: MIT */
/* Prints what every character of Unicode is folded to, one a line. */
#include "base/casefold.h"
#include "base/utf8.h"
#include <stdio.h>

int main(void)
{
        for (uint32_t c = 0; c < 0x110000; c++) {
                char text[4], memory[16];
                struct arena arena;
                struct span folded;

                if (c >= 0xd800 && c < 0xe000)
                        continue;
                arena_init(&arena, memory, sizeof(memory), 0);
                if (casefold((struct span){text, utf8_encode(c, text)}, &arena,
                            &folded) < 0)
                        return 1;
                fwrite(folded.data, 1, folded.size, stdout);
                putchar('\n');
        }
        return 0;
}
