/* `table inet davy`: for each finding two sets that forget by themselves, and one chain. nft is run
 * with nothing but our rules: no shell, no environment, our own mount namespace. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json_write.h"
#include "respond/block/block.h"

enum { SAID_MAX = 400 };

/* -- the rules -- */

static void begin(struct json_writer *w, const char *verb, const char *noun, const char *prefix,
		  struct str id)
{
	char name[64];

	json_open(w, '{');
	json_key(w, verb);
	json_open(w, '{');
	json_key(w, noun);
	json_open(w, '{');
	json_key_string(w, "family", STR("inet"));
	if (strcmp(noun, "table") == 0) {
		json_key_string(w, "name", STR("davy"));
		return;
	}
	json_key_string(w, "table", STR("davy"));
	snprintf(name, sizeof(name), "%s_%.*s", prefix, STR_ARG(id));
	json_key_string(w, strcmp(noun, "rule") == 0 ? "chain" : "name", str_from(name));
}

static void end(struct json_writer *w)
{
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, '}');
}

static void say(struct json_writer *w, const char *verb, const char *noun, const char *prefix,
		struct str id)
{
	begin(w, verb, noun, prefix, id);
	end(w);
}

static void add_set(struct json_writer *w, bool is_v4, struct str id, int64_t timeout_s)
{
	begin(w, "add", "set", is_v4 ? "pool4" : "pool6", id);
	json_key(w, "type");
	json_raw(w, is_v4 ? STR("[\"ipv4_addr\",\"inet_service\"]")
			  : STR("[\"ipv6_addr\",\"inet_service\"]"));
	json_key(w, "flags");
	json_raw(w, STR("[\"timeout\"]"));
	json_key(w, "timeout");
	json_integer(w, timeout_s);
	end(w);
}

static void add_chain(struct json_writer *w, struct str id)
{
	begin(w, "add", "chain", "cut", id);
	json_key_string(w, "type", STR("filter"));
	json_key_string(w, "hook", STR("output"));
	json_key(w, "prio");
	json_integer(w, 0);
	json_key_string(w, "policy", STR("accept"));
	end(w);
}

static void add_rule(struct json_writer *w, bool is_v4, struct str id)
{
	char expression[400];

	snprintf(expression, sizeof(expression),
		 "[{\"match\":{\"op\":\"==\",\"left\":{\"concat\":[{\"payload\":{\"protocol\":"
		 "\"%s\",\"field\":\"daddr\"}},{\"payload\":{\"protocol\":\"tcp\",\"field\":"
		 "\"dport\"}}]},\"right\":\"@%s_%.*s\"}},{\"reject\":{\"type\":\"tcp reset\"}}]",
		 is_v4 ? "ip" : "ip6", is_v4 ? "pool4" : "pool6", STR_ARG(id));
	begin(w, "add", "rule", "cut", id);
	json_key(w, "expr");
	json_raw(w, str_from(expression));
	end(w);
}

static void add_element(struct json_writer *w, struct str id, const struct endpoint *endpoint)
{
	char text[ENDPOINT_TEXT_MAX];

	begin(w, "add", "element", address_is_v4(&endpoint->address) ? "pool4" : "pool6", id);
	json_key(w, "elem");
	json_open(w, '[');
	json_open(w, '{');
	json_key(w, "concat");
	json_open(w, '[');
	json_string(w, address_text(&endpoint->address, text));
	json_unsigned(w, endpoint->port);
	json_close(w, ']');
	json_close(w, '}');
	json_close(w, ']');
	end(w);
}

/* Said twice it is the same as once. */
void nft_rules_add(struct buf *out, struct str id, const struct endpoint *at, size_t count,
		   int64_t timeout_s)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	json_key(&w, "nftables");
	json_open(&w, '[');
	say(&w, "add", "table", "", id);
	add_set(&w, true, id, timeout_s);
	add_set(&w, false, id, timeout_s);
	add_chain(&w, id);
	say(&w, "flush", "chain", "cut", id);
	add_rule(&w, true, id);
	add_rule(&w, false, id);
	for (size_t i = 0; i < count; i++)
		add_element(&w, id, &at[i]);
	json_close(&w, ']');
	json_close(&w, '}');
}

/* Added first, so that what is not there can be removed as well. */
void nft_rules_remove(struct buf *out, struct str id)
{
	struct json_writer w = {.out = out};

	json_open(&w, '{');
	json_key(&w, "nftables");
	json_open(&w, '[');
	say(&w, "add", "table", "", id);
	add_set(&w, true, id, 60);
	add_set(&w, false, id, 60);
	add_chain(&w, id);
	say(&w, "flush", "chain", "cut", id);
	say(&w, "delete", "chain", "cut", id);
	say(&w, "delete", "set", "pool4", id);
	say(&w, "delete", "set", "pool6", id);
	json_close(&w, ']');
	json_close(&w, '}');
}

/* -- the program -- */

static const char *nft_path(void)
{
	static const char *const paths[] = {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (access(paths[i], X_OK) == 0)
			return paths[i];
	return NULL;
}

static _Noreturn void become_nft(const char *path, int network, int in, int out,
				 char *const arguments[])
{
	char *const environment[] = {NULL};

	/* rules of a response whose davy was killed would come after its undo */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setns(network, CLONE_NEWNET) == 0 && dup2(in, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(out, STDOUT_FILENO) == STDOUT_FILENO && dup2(out, STDERR_FILENO) == STDERR_FILENO)
		execve(path, arguments, environment);
	_exit(127);
}

/* Our rules are shorter than a pipe holds, so one write before it reads is enough. */
static int feed(int to, struct str rules)
{
	int result = rules.len > 60000 ? -E2BIG : write(to, rules.at, rules.len) < 0 ? -errno : 0;

	close(to);
	return result;
}

static void listen_to(int from, struct buf *said)
{
	char piece[512];
	ssize_t got;

	while ((got = read(from, piece, sizeof(piece))) > 0)
		if (said->len < SAID_MAX)
			buf_add_bytes(said, piece, (size_t)got);
	close(from);
}

/* The status of nft, or -errno; what it said in `said`. */
static int run(int network, char *const arguments[], struct str rules, struct buf *said)
{
	const char *path = nft_path();
	int in[2], out[2], status = 0;

	if (!path)
		return -ENOENT;
	if (pipe2(in, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return -EMFILE;
	}
	pid_t child = fork();
	if (child == 0)
		become_nft(path, network, in[0], out[1], arguments);
	close(in[0]);
	close(out[1]);
	int result = feed(in[1], rules);
	listen_to(out[0], said);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -ECHILD;
	if (result != 0)
		return result;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int nft_run(int network, struct str rules, struct error *why)
{
	static char *const arguments[] = {"nft", "-j", "-f", "-", NULL};
	CLEANUP(buf_fini) struct buf said = {0}, shown = {0};

	int result = run(network, arguments, rules, &said);
	if (result == 0)
		return 0;
	if (result == -ENOENT)
		return error_set(why, -ENOENT,
				 "nft is not installed (apt install nftables), so new connections "
				 "are not kept away");
	buf_add_printable(&shown, buf_view(&said), SAID_MAX);
	buf_add_byte(&shown, '\0');
	return error_set(why, -EIO, "nft refused the rules: %s", shown.failed ? "" : shown.at);
}

bool nft_has(int network, struct str id)
{
	CLEANUP(buf_fini) struct buf said = {0};
	char chain[64], list[] = "list", noun[] = "chain", family[] = "inet", table[] = "davy";

	snprintf(chain, sizeof(chain), "cut_%.*s", STR_ARG(id));
	char *const arguments[] = {"nft", list, noun, family, table, chain, NULL};
	return run(network, arguments, (struct str){0}, &said) == 0;
}

void nft_tidy(int network)
{
	static char *const list[] = {"nft", "list", "table", "inet", "davy", NULL};
	static char *const drop[] = {"nft", "delete", "table", "inet", "davy", NULL};
	CLEANUP(buf_fini) struct buf said = {0};

	/* what is in a table is indented */
	if (run(network, list, (struct str){0}, &said) == 0 &&
	    str_find_byte(buf_view(&said), '\t') < 0)
		(void)!run(network, drop, (struct str){0}, &said);
}
