#include "detect/exposure/exposure.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/shell_word.h"
#include "decode/setup/command.h"
#include "decode/setup/remedy.h"
#include "detect/exposure/tell.h"

enum { PATH_SHOWN = 200, TEXT_SHOWN = EVIDENCE_QUOTE_MAX };

/* -- telling -- */

void tell_claim(struct finding *out, const struct claim *claim, instant now)
{
	*out = (struct finding){
		.revision = 1,
		.detector = STR("exposure"),
		.rule = {.id = str_from(claim->rule)},
		.verdict = claim->verdict,
		.severity = claim->severity,
		.confidence = claim->confidence,
		.first_seen = now,
		.last_seen = now,
	};
	if (claim->technique)
		finding_add_technique(out, str_from(claim->technique));
}

struct str tell_printable(struct arena *arena, struct str hostile, size_t most)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_add_printable(&text, hostile, most);
	return arena_copy(arena, buf_view(&text));
}

static struct str inner_path(const struct exposure_file *file)
{
	return file->inner.len > 0 ? file->inner : file->path;
}

static struct str place_of(const struct exposure_file *file, uint32_t line, struct arena *arena)
{
	struct str path = tell_printable(arena, file->path, PATH_SHOWN);

	return line ? arena_printf(arena, "%.*s:%" PRIu32, STR_ARG(path), line) : path;
}

/* Whom it is about: one entry of a file. Its text is its name, for lines move. */
static void tell_entry(const struct exposure_file *file, const struct setup_entry *entry,
		       struct arena *arena, struct finding *out)
{
	out->subject.type = STR("file");
	facts_add_text(&out->subject.keys, "host", file->host);
	facts_add_text(&out->subject.keys, "file", file->path);
	facts_add_text(&out->facts, "file", file->path);
	facts_add_text(&out->facts, "kind", str_from(setup_form_name(file->form)));
	if (!entry)
		return;
	facts_add_text(&out->subject.keys, "entry", tell_printable(arena, entry->text, TEXT_SHOWN));
	facts_add_number(&out->facts, "line", entry->line);
	facts_add_text(&out->facts, "user", entry->user);
	facts_add_text(&out->facts, "when", entry->when);
	finding_add_evidence(
		out, (struct evidence){.source = place_of(file, entry->line, arena),
				       .time = file->now,
				       .quote = str_sub(entry->text, 0, EVIDENCE_QUOTE_MAX)});
}

static void tell_remedy(struct finding *out, const char *text, struct setup_remedy remedy)
{
	finding_add_action(out, (struct action){str_from(text), remedy.command, remedy.undo});
}

static struct str chmod_text(struct arena *arena, const char *right, struct str path)
{
	CLEANUP(buf_fini) struct buf text = {0};

	buf_printf(&text, "chmod %s -- ", right);
	buf_add_shell_word(&text, path);
	return arena_copy(arena, buf_view(&text));
}

static void tell_close(struct finding *out, const struct exposure_file *file, struct arena *arena)
{
	if (file->reach == REACH_ANYBODY)
		finding_add_action(out,
				   (struct action){.text = STR("Let nobody else write to it"),
						   .command = chmod_text(arena, "o-w", file->weak),
						   .undo = chmod_text(arena, "o+w", file->weak)});
	else
		finding_add_action(
			out,
			(struct action){.text = STR("Look whether this user should decide what "
						    "root runs; if not, give the file to root")});
}

/* -- files -- */

enum { SOCKET = 0140000, FOLDER = 0040000, REGULAR = 0100000, KIND = 0170000 }; /* of st_mode */

static bool is_door(const struct exposure_file *file)
{
	return (file->mode & KIND) == SOCKET && str_ends(file->path, STR("/docker.sock")) &&
	       (file->mode & 02);
}

bool exposure_of_file(const struct exposure_file *file, struct arena *arena, struct finding *out)
{
	static const struct claim open_docker = {"docker-socket", VERDICT_EXPOSURE, SEVERITY_HIGH,
						 0.95, "T1610"};
	static const struct claim writable = {"writable-setup", VERDICT_EXPOSURE, SEVERITY_HIGH,
					      0.95, "T1222.002"};

	if (is_door(file)) {
		tell_claim(out, &open_docker, file->now);
		tell_entry(file, NULL, arena, out);
		out->title = STR("Everybody here may start containers as root");
		finding_add_reason(out,
				   STR("everybody may write to Docker's socket: who does is root "
				       "on this machine"));
		finding_add_action(
			out, (struct action){.text = STR("Keep it for root and the group docker"),
					     .command = chmod_text(arena, "o-rw", file->path),
					     .undo = chmod_text(arena, "o+rw", file->path)});
		return true;
	}
	/* a masked unit is a link to /dev/null, which everybody may write to */
	const uint32_t kind = file->mode & KIND;
	if (file->reach != REACH_ANYBODY || file->form == SETUP_MINER ||
	    file->form == SETUP_SERVICE || (kind != REGULAR && kind != FOLDER))
		return false;
	tell_claim(out, &writable, file->now);
	tell_entry(file, NULL, arena, out);
	struct str shown = place_of(file, 0, arena);
	out->title = arena_printf(arena, "Everybody may change what is started here: %.*s",
				  STR_ARG(shown));
	finding_add_reason(out,
			   str_equal(file->weak, file->path)
				   ? STR("everybody may write to this file, and what it says is "
					 "done for others")
				   : STR("everybody may put another file in its place, and what "
					 "it says is done for others"));
	facts_add_text(&out->facts, "weak", file->weak);
	tell_close(out, file, arena);
	return true;
}

bool exposure_is_roots(const struct exposure_file *file, const struct setup_entry *entry)
{
	switch (file->form) {
	case SETUP_CRONTAB:
		return str_equal(entry->user, STR("root"));
	case SETUP_CRONTAB_USER:
		return str_ends(file->path, STR("/root"));
	case SETUP_UNIT:
		return !file->is_home && !str_starts(inner_path(file), STR("/etc/systemd/user/")) &&
		       (entry->user.len == 0 || str_equal(entry->user, STR("root")));
	case SETUP_SCRIPT:
		return !file->is_home && str_find(inner_path(file), STR("/spool/")) < 0;
	case SETUP_ANACRONTAB:
	case SETUP_UDEV:
		return true;
	case SETUP_PRELOAD:
		return true;
	case SETUP_PROFILE:
		return !file->is_home;
	default:
		return false;
	}
}

bool exposure_of_program(const struct exposure_file *file, const struct setup_entry *entry,
			 const struct exposure_file *program, struct arena *arena,
			 struct finding *out)
{
	static const struct claim anybody = {"writable-program", VERDICT_EXPOSURE, SEVERITY_HIGH,
					     0.95, "T1574.010"};
	static const struct claim user = {"users-program", VERDICT_EXPOSURE, SEVERITY_LOW, 0.9,
					  "T1574.010"};

	if (program->reach == REACH_ROOT || !exposure_is_roots(file, entry))
		return false;
	tell_claim(out, program->reach == REACH_ANYBODY ? &anybody : &user, file->now);
	tell_entry(file, entry, arena, out);
	facts_add_text(&out->subject.keys, "program", program->path);
	facts_add_text(&out->facts, "program", program->path);
	facts_add_text(&out->facts, "weak", program->weak);
	struct str shown = tell_printable(arena, program->path, PATH_SHOWN);
	struct str weak = tell_printable(arena, program->weak, PATH_SHOWN);
	const char *who = program->reach == REACH_ANYBODY ? "everybody" : "a user who is not root";
	out->title = arena_printf(arena, "Root runs what %s may change: %.*s",
				  program->reach == REACH_ANYBODY ? "everybody" : "another user",
				  STR_ARG(shown));
	finding_add_reason(out, arena_printf(arena, "root runs %.*s, and %s may write to %.*s",
					     STR_ARG(shown), who, STR_ARG(weak)));
	tell_close(out, program, arena);
	return true;
}

/* -- entries -- */

static bool is_in(struct str path, const struct str *folders, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_starts(path, folders[i]))
			return true;
	return false;
}

static bool tell_runs(const struct exposure_file *file, const struct setup_entry *entry,
		      struct arena *arena, struct finding *out)
{
	static const struct claim mines = {"starts-miner", VERDICT_MINER, SEVERITY_HIGH, 0.9,
					   "T1496.001"};
	static const struct claim fetches = {"runs-what-it-fetches", VERDICT_EXPOSURE,
					     SEVERITY_HIGH, 0.8, "T1053.003"};
	static const struct claim one_liner = {"runs-hidden-program", VERDICT_EXPOSURE,
					       SEVERITY_MEDIUM, 0.6, "T1059"};
	const unsigned marks = command_marks(entry->command);
	const char *does = command_marks_text(marks);

	if (!does)
		return false;
	tell_claim(out,
		   marks & COMMAND_MINES	? &mines
		   : marks == COMMAND_ONE_LINER ? &one_liner
						: &fetches,
		   file->now);
	tell_entry(file, entry, arena, out);
	struct str shown = place_of(file, entry->line, arena);
	out->title = arena_printf(arena, "%s starts what %s: %.*s", setup_form_name(file->form),
				  marks & COMMAND_MINES	       ? "mines"
				  : marks == COMMAND_ONE_LINER ? "nobody can read"
							       : "comes from elsewhere",
				  STR_ARG(shown));
	finding_add_reason(out, arena_printf(arena, "this line %s", does));
	tell_remedy(out, "Take this line out",
		    setup_remedy_of(file->form, file->path, file->mode & 07777, entry, arena));
	return true;
}

static bool tell_loads(const struct exposure_file *file, const struct setup_entry *entry,
		       struct arena *arena, struct finding *out)
{
	static const struct str system[] = {STR("/lib/"), STR("/lib64/"), STR("/usr/lib/"),
					    STR("/usr/lib64/"), STR("/$LIB/")};
	static const struct claim strange = {"preload", VERDICT_EXPOSURE, SEVERITY_HIGH, 0.85,
					     "T1574.006"};
	static const struct claim known = {"preload", VERDICT_EXPOSURE, SEVERITY_MEDIUM, 0.6,
					   "T1574.006"};
	const bool is_known = is_in(entry->command, system, sizeof(system) / sizeof(*system));
	const bool is_unit = file->form == SETUP_UNIT;

	tell_claim(out, is_known || is_unit ? &known : &strange, file->now);
	tell_entry(file, entry, arena, out);
	struct str shown = tell_printable(arena, entry->command, PATH_SHOWN);
	out->title = arena_printf(arena, "A library is put into %s program: %.*s",
				  is_unit ? "a service's" : "every", STR_ARG(shown));
	finding_add_reason(out,
			   STR("a library that is loaded first can hide processes and files from "
			       "ps, top and ls; few systems have a use for it"));
	tell_remedy(out, "Take it out if nobody here knows it",
		    setup_remedy_of(file->form, file->path, file->mode & 07777, entry, arena));
	return true;
}

static bool is_service_home(const struct exposure_file *file)
{
	return str_starts(inner_path(file), STR("/var/"));
}

/* command="..." is a way to run something at each login; keys of services a way in. */
static bool tell_admits(const struct exposure_file *file, const struct setup_entry *entry,
			struct arena *arena, struct finding *out)
{
	static const struct claim runs = {"key-runs", VERDICT_EXPOSURE, SEVERITY_HIGH, 0.8,
					  "T1098.004"};
	static const struct claim service = {"key-of-service", VERDICT_EXPOSURE, SEVERITY_MEDIUM,
					     0.7, "T1098.004"};
	ptrdiff_t at = str_find_nocase(entry->when, STR("command=\""));
	struct str command = at >= 0 ? str_skip(entry->when, (size_t)at + 9) : (struct str){0};
	const unsigned marks = command_marks(command);
	char fingerprint[SETUP_FINGERPRINT_LEN + 1] = "";

	if (!marks && !is_service_home(file))
		return false;
	tell_claim(out, marks ? &runs : &service, file->now);
	tell_entry(file, entry, arena, out);
	if (setup_key_fingerprint(entry->command, fingerprint))
		facts_add_text(&out->facts, "fingerprint",
			       arena_copy(arena, str_from(fingerprint)));
	facts_add_text(&out->facts, "comment", entry->key);
	struct str shown = place_of(file, entry->line, arena);
	out->title = marks ? arena_printf(arena, "A key runs what it brings: %.*s", STR_ARG(shown))
			   : arena_printf(arena, "A service's account can be entered by key: %.*s",
					  STR_ARG(shown));
	finding_add_reason(
		out, marks ? arena_printf(arena, "its command %s", command_marks_text(marks))
			   : STR("accounts of services are not meant for logins; keys were "
				 "often left there by those who came in through the service"));
	tell_remedy(out, "Take this key out if nobody here knows it",
		    setup_remedy_of(file->form, file->path, file->mode & 07777, entry, arena));
	return true;
}

static bool grants_all(struct str commands)
{
	static const struct str shells[] = {STR("ALL"),
					    STR("/bin/sh"),
					    STR("/bin/bash"),
					    STR("/usr/bin/sh"),
					    STR("/usr/bin/bash"),
					    STR("/usr/bin/env"),
					    STR("/usr/bin/python3"),
					    STR("/usr/bin/perl"),
					    STR("/usr/bin/vim"),
					    STR("/usr/bin/find"),
					    STR("/bin/su"),
					    STR("/usr/bin/su")};
	struct str one;

	while (commands.len > 0) {
		(void)str_cut(commands, ',', &one, &commands);
		one = str_trim(one);
		for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
			if (str_equal(one, shells[i]))
				return true;
	}
	return false;
}

static bool tell_grants(const struct exposure_file *file, const struct setup_entry *entry,
			struct arena *arena, struct finding *out)
{
	static const struct claim claim = {"sudo-without-password", VERDICT_EXPOSURE,
					   SEVERITY_MEDIUM, 0.9, "T1548.003"};

	if (!grants_all(entry->command) || str_equal(entry->user, STR("root")))
		return false;
	tell_claim(out, &claim, file->now);
	tell_entry(file, entry, arena, out);
	struct str user = tell_printable(arena, entry->user, PATH_SHOWN);
	out->title = arena_printf(arena, "%.*s becomes root without a password", STR_ARG(user));
	finding_add_reason(
		out, STR("whoever runs a program as this user, a web server's hole is enough, "
			 "is root with it"));
	tell_remedy(out, "Ask for the password, or name the commands that are needed",
		    setup_remedy_of(file->form, file->path, file->mode & 07777, entry, arena));
	return true;
}

static bool tell_tunes(const struct exposure_file *file, const struct setup_entry *entry,
		       struct arena *arena, struct finding *out)
{
	static const struct claim msr = {"msr-writes", VERDICT_EXPOSURE, SEVERITY_MEDIUM, 0.7,
					 "T1496.001"};
	static const struct claim pages = {"huge-pages", VERDICT_SIGNAL, SEVERITY_INFO, 0.3,
					   "T1496.001"};
	const bool is_msr = str_equal(entry->key, STR("msr"));

	tell_claim(out, is_msr ? &msr : &pages, file->now);
	tell_entry(file, entry, arena, out);
	struct str shown = place_of(file, entry->line, arena);
	out->title = arena_printf(arena, "%s: %.*s",
				  is_msr ? "The processor's own registers may be written"
					 : "Huge pages are set aside at every start",
				  STR_ARG(shown));
	finding_add_reason(out,
			   is_msr ? STR("miners of RandomX switch the prefetcher off this way; few "
					"others write to these registers")
				  : STR("miners of RandomX ask for them; so do databases and "
					"virtual machines"));
	tell_remedy(out, "Take it out if nobody here needs it",
		    setup_remedy_of(file->form, file->path, file->mode & 07777, entry, arena));
	return true;
}

bool exposure_of_entry(const struct exposure_file *file, const struct setup_entry *entry,
		       struct arena *arena, struct finding *out)
{
	switch (entry->act) {
	case SETUP_RUNS:
		return tell_runs(file, entry, arena, out);
	case SETUP_LOADS:
		return tell_loads(file, entry, arena, out);
	case SETUP_ADMITS:
		return tell_admits(file, entry, arena, out);
	case SETUP_GRANTS:
		return tell_grants(file, entry, arena, out);
	case SETUP_TUNES:
		return tell_tunes(file, entry, arena, out);
	default:
		return false;
	}
}

bool exposure_of_miner(const struct exposure_file *file, const struct setup_entry *pool,
		       struct arena *arena, struct finding *out)
{
	static const struct claim claim = {"miner-settings", VERDICT_MINER, SEVERITY_HIGH, 0.9,
					   "T1496.001"};

	tell_claim(out, &claim, file->now);
	tell_entry(file, pool, arena, out);
	facts_add_text(&out->facts, "pool", pool->command);
	facts_add_text(&out->facts, "login", pool->user);
	struct str shown = place_of(file, 0, arena);
	out->title = arena_printf(arena, "Settings of a miner: %.*s", STR_ARG(shown));
	finding_add_reason(out,
			   STR("it names a pool, who is paid there, and settings that only miners "
			       "have"));
	tell_remedy(out, "Move it aside; then look for the program beside it",
		    setup_remedy_of_file(SETUP_MINER, file->path, file->mode & 07777, arena));
	return true;
}

/* -- sshd -- */

static bool decide(bool *has, bool *value, const struct setup_entry *entry, struct str key)
{
	if (*has || !str_equal_nocase(entry->key, key))
		return false;
	*has = true;
	*value = str_equal_nocase(entry->command, STR("yes"));
	return *value;
}

bool exposure_sshd_take(struct exposure_sshd *sshd, const struct setup_entry *entry)
{
	if (entry->is_conditional)
		return false;
	(void)decide(&sshd->has_password, &sshd->password_may, entry,
		     STR("PasswordAuthentication"));
	return decide(&sshd->has_root_login, &sshd->root_may, entry, STR("PermitRootLogin")) ||
	       decide(&sshd->has_empty, &sshd->empty_may, entry, STR("PermitEmptyPasswords"));
}

bool exposure_of_sshd(const struct exposure_sshd *sshd, const struct exposure_file *file,
		      struct arena *arena, struct finding *out)
{
	static const struct claim root = {"ssh-root-password", VERDICT_EXPOSURE, SEVERITY_HIGH, 0.9,
					  "T1110"};
	/* passwords are asked for unless a setting says no */
	const bool password_may = !sshd->has_password || sshd->password_may;

	if (!(sshd->root_may && password_may) && !(sshd->empty_may && password_may))
		return false;
	tell_claim(out, &root, file->now);
	tell_entry(file, NULL, arena, out);
	facts_add_text(&out->facts, "place", sshd->place);
	out->title = sshd->empty_may ? STR("SSH lets accounts without a password in")
				     : STR("SSH lets root in with a password");
	finding_add_reason(
		out, sshd->empty_may
			     ? STR("PermitEmptyPasswords is yes, and passwords are asked for")
			     : STR("PermitRootLogin is yes and PasswordAuthentication is not no: "
				   "guessing root's password is how many miners come"));
	finding_add_evidence(
		out, (struct evidence){.source = sshd->place,
				       .time = file->now,
				       .quote = sshd->empty_may ? STR("PermitEmptyPasswords yes")
								: STR("PermitRootLogin yes")});
	finding_add_action(
		out,
		(struct action){
			.text = STR("Let root in by key only; try the key before you close this "
				    "session"),
			.command = STR("echo 'PermitRootLogin prohibit-password' > "
				       "/etc/ssh/sshd_config.d/00-davy.conf && sshd -t && "
				       "systemctl reload ssh"),
			.undo = STR(
				"rm /etc/ssh/sshd_config.d/00-davy.conf && systemctl reload ssh")});
	return true;
}
