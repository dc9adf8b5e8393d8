/*
 * How it stays: entries of crontabs, units, profiles and the like that start the executable again,
 * and the tuning that miners do beside.
 *
 * That a unit or a crontab starts a program is the ordinary case: a node that verifies blocks is
 * started so as well, and runs a miner's code. So the way it is started is a strong sign only where
 * installed software does not go it: once a minute, from a shell's profile or a key, out of a
 * folder for temporary files, by a line that fetches or decodes what it runs.
 */
#include "decode/setup/command.h"
#include "detect/host_room.h"

static bool starts_with_any(struct str text, const struct str *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(text, words[i]))
			return true;
	return false;
}

/* Kinds that packages do not use for their programs. */
static bool is_odd_kind(const char *kind)
{
	static const struct str kinds[] = {STR("shell profile"), STR("ld.so.preload"),
					   STR("authorized_keys"), STR("udev")};

	return starts_with_any(str_from(kind), kinds, sizeof(kinds) / sizeof(*kinds));
}

static bool is_odd_place(struct str path)
{
	static const struct str folders[] = {STR("/tmp/"),	STR("/var/tmp/"), STR("/dev/"),
					     STR("/run/user/"), STR("/proc/"),	  STR("/memfd:")};

	return starts_with_any(path, folders, sizeof(folders) / sizeof(*folders));
}

/* A hidden folder of the system's own; people's homes are full of them. */
static bool is_hidden(struct str path)
{
	return str_find(path, STR("/.")) >= 0 && !str_starts(path, STR("/home/")) &&
	       !str_starts(path, STR("/root"
				     "/"));
}

static const char *oddity(const struct setup_trace *t, struct str executable)
{
	if (t->marks & ~(unsigned)COMMAND_ONE_LINER)
		return command_marks_text(t->marks);
	if (is_odd_kind(t->kind))
		return "starts it where installed software is not started";
	if (is_odd_place(executable) || is_hidden(executable))
		return "starts it out of a folder where no installed software lies";
	if (t->when == SETUP_EVERY_MINUTES)
		return "starts it again every few minutes";
	return NULL;
}

static void judge_trace(const struct setup_trace *t, const struct process *process,
			struct arena *scratch, struct signs *out)
{
	const char *odd = t->leads_here ? oddity(t, process->executable.path) : NULL;
	struct sign sign = {.family = FAMILY_SETUP,
			    .weight = odd ? SIGN_STRONG : SIGN_SUPPORTS,
			    .strength = odd ? 0.8 : 0.3,
			    .detector = "setup",
			    .quote = t->text};

	if (t->leads_here)
		sign.reason =
			arena_printf(scratch, "%s keeps it here: %.*s%s%s", t->kind,
				     STR_ARG(t->place), odd ? ", which " : "", odd ? odd : "");
	else if (str_equal(str_from(t->kind), STR("miner settings"))) {
		sign.weight = SIGN_STRONG;
		sign.strength = 0.9;
		sign.reason = arena_printf(scratch, "settings of a miner lie beside it: %.*s",
					   STR_ARG(t->place));
	} else
		sign.reason = arena_printf(scratch, "this machine is tuned as miners do: %.*s",
					   STR_ARG(t->place));
	signs_add(out, sign);
}

static void judge(const struct workload *workload, struct arena *scratch, struct signs *out)
{
	enum { TOLD_MAX = 4 }; /* the finding's facts have all */

	if (!workload->process)
		return;
	for (size_t i = 0; i < workload->trace_count && i < TOLD_MAX; i++)
		judge_trace(&workload->traces[i], workload->process, scratch, out);
}

const struct host_room setup_room = {
	.name = "setup",
	.summary = "How a process stays: what starts it again",
	.judge = judge,
};
