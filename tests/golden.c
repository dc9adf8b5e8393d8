#include "golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

void golden_must(bool holds, const char *what)
{
	if (!holds)
		fail_msg("%s", what);
}

void golden_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	golden_must(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

static void run_child(const char *program, const struct golden_row *row)
{
	char copy[512], *argv[16] = {(char *)"davy"}, *rest = copy;
	int argc = 1;

	snprintf(copy, sizeof(copy), "%s", row->arguments);
	for (char *word; argc < 15 && (word = strsep(&rest, " "));)
		if (*word)
			argv[argc++] = word;
	if (row->environment)
		putenv((char *)row->environment);
	if (!freopen(row->input ? row->input : "/dev/null", "r", stdin))
		_exit(97);
	if (!freopen("out", "w", stdout) || dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		_exit(99);
	execv(program, argv);
	_exit(98);
}

void golden_add_file(struct buf *out, const char *path)
{
	char block[4096];
	size_t got;
	FILE *file = fopen(path, "r");

	while (file && (got = fread(block, 1, sizeof(block), file)) > 0)
		buf_add_bytes(out, block, got);
	if (file)
		fclose(file);
}

void golden_run(const struct golden_row *row, struct buf *out)
{
	int status = 0;
	const char *program = getenv("DAVY_PROGRAM");

	golden_must(program && access(program, X_OK) == 0, "DAVY_PROGRAM names no program");
	pid_t pid = fork();
	if (pid == 0)
		run_child(program, row);
	golden_must(pid > 0 && waitpid(pid, &status, 0) == pid, row->name);
	if (!WIFEXITED(status))
		fail_msg("%s: killed by signal %d", row->name, WTERMSIG(status));
	golden_add_file(out, "out");
	buf_printf(out, "[exit %d]\n", WEXITSTATUS(status));
}

/* True when it is as the file says. */
static bool check(const struct golden_row *row)
{
	const char *root = getenv("DAVY_SOURCE_ROOT"), *flag = getenv("DAVY_GOLDEN");
	struct buf got = {0}, expected = {0};
	char path[512];

	golden_must(root != NULL, "DAVY_SOURCE_ROOT is not set");
	snprintf(path, sizeof(path), "%s/tests/golden/%s.txt", root, row->name);
	golden_run(row, &got);
	if (flag && strcmp(flag, "rewrite") == 0) {
		buf_add_byte(&got, '\0');
		golden_write(path, got.at);
		got.len--;
	}
	golden_add_file(&expected, path);
	bool is_same = str_equal(buf_view(&got), buf_view(&expected));
	if (!is_same)
		print_error("%s (davy %s) gives\n%.*s", row->name, row->arguments,
			    STR_ARG(buf_view(&got)));
	buf_fini(&got);
	buf_fini(&expected);
	return is_same;
}

void golden_check(const struct golden_row *rows, size_t count)
{
	size_t different = 0;

	for (size_t i = 0; i < count; i++)
		different += !check(&rows[i]);
	assert_int_equal(different, 0);
}
