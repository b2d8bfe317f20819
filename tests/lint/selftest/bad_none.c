/* A program without any test: exit status 0. */
#include <criterion/criterion.h>
