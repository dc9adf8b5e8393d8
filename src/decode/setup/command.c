#include "decode/setup/command.h"

#include "decode/setup/lines.h"

/* -- words -- */

void command_begin(struct command_reader *reader, struct str command)
{
	*reader = (struct command_reader){.rest = command, .at_start = true};
}

static bool is_operator(char c)
{
	return c == ';' || c == '&' || c == '|' || c == '(' || c == ')' || c == '<' || c == '>' ||
	       c == '`' || c == '\n';
}

static void add(struct command_word *word, char c)
{
	if (word->len < COMMAND_WORD_MAX)
		word->at[word->len++] = c;
}

/* From an opening quote to behind the closing one. */
static size_t take_quoted(struct str rest, struct command_word *out)
{
	const char quote = rest.at[0];
	size_t i = 1;

	for (; i < rest.len && rest.at[i] != quote; i++) {
		if (quote == '"' && rest.at[i] == '\\' && i + 1 < rest.len)
			i++;
		add(out, rest.at[i]);
	}
	return i < rest.len ? i + 1 : i;
}

static void take_operator(struct command_reader *r, struct command_word *out)
{
	add(out, r->rest.at[0]);
	out->is_operator = true;
	/* what follows a redirection is a file, not a command */
	r->at_start = out->at[0] != '<' && out->at[0] != '>';
	r->rest = str_skip(r->rest, 1);
}

bool command_next(struct command_reader *r, struct command_word *out)
{
	*out = (struct command_word){.len = 0};
	for (;;) { /* blanks, and lines that go on */
		if (str_starts(r->rest, STR("\\\n")))
			r->rest = str_skip(r->rest, 2);
		else if (r->rest.len > 0 && r->rest.at[0] != '\n' && is_blank(r->rest.at[0]))
			r->rest = str_skip(r->rest, 1);
		else
			break;
	}
	if (r->rest.len == 0)
		return false;
	if (is_operator(r->rest.at[0])) {
		take_operator(r, out);
		return true;
	}
	size_t i = 0;
	while (i < r->rest.len && !is_blank(r->rest.at[i]) && !is_operator(r->rest.at[i])) {
		char c = r->rest.at[i];
		if (c == '\'' || c == '"') {
			i += take_quoted(str_skip(r->rest, i), out);
		} else {
			i += c == '\\' && i + 1 < r->rest.len;
			add(out, r->rest.at[i++]);
		}
	}
	r->rest = str_skip(r->rest, i);
	out->is_first = r->at_start;
	r->at_start = false;
	return true;
}

/* -- what it does -- */

struct words {
	const struct str *at;
	size_t count;
};
#define WORDS(array) ((struct words){array, sizeof(array) / sizeof(*(array))})

static bool is_one_of(struct str word, struct words words)
{
	for (size_t i = 0; i < words.count; i++)
		if (str_equal(word, words.at[i]))
			return true;
	return false;
}

static bool is_downloader(struct str word)
{
	static const struct str names[] = {STR("curl"), STR("wget"),   STR("wget2"),
					   STR("cur"),	STR("aria2c"), STR("lwp-download"),
					   STR("GET"),	STR("tftp"),   STR("fetch")};

	return is_one_of(word, WORDS(names));
}

static bool is_shell(struct str word)
{
	static const struct str names[] = {STR("sh"),  STR("bash"), STR("dash"), STR("zsh"),
					   STR("ash"), STR("ksh"),  STR("fish")};

	return is_one_of(word, WORDS(names));
}

/* python3.11 is python, too */
static bool is_interpreter(struct str word)
{
	static const struct str names[] = {STR("python"), STR("perl"), STR("ruby"), STR("php"),
					   STR("node")};

	while (word.len > 0 && ((word.at[word.len - 1] >= '0' && word.at[word.len - 1] <= '9') ||
				word.at[word.len - 1] == '.'))
		word.len--;
	return is_one_of(word, WORDS(names));
}

/* Words before the program that is meant. */
static bool is_before_program(struct str word)
{
	static const struct str names[] = {
		STR("sudo"), STR("env"),     STR("nohup"),   STR("time"),   STR("exec"),
		STR("if"),   STR("then"),    STR("else"),    STR("do"),	    STR("while"),
		STR("!"),    STR("{"),	     STR("command"), STR("nice"),   STR("ionice"),
		STR("eval"), STR("source"),  STR("."),	     STR("$"),	    STR("setsid"),
		STR("("),    STR("timeout"), STR("flock"),   STR("busybox")};

	return is_one_of(word, WORDS(names)) || (word.len > 0 && word.at[0] == '-') ||
	       (str_find_byte(word, '=') > 0 && str_find_byte(word, '/') < 0);
}

/* "-n 19": an option's value */
static bool is_number(struct str word)
{
	uint64_t number;

	return str_to_u64(word, &number);
}

bool command_program_next(struct command_reader *r, struct command_word *out)
{
	while (command_next(r, out)) {
		const struct str word = str_of(out->at, out->len), name = str_file_name(word);
		bool is_program = out->is_first || r->is_given;
		if (out->is_operator) {
			r->is_given = false;
			continue;
		}
		if (!is_program || (r->is_given && word.len > 0 && word.at[0] != '/' &&
				    (is_before_program(word) || is_number(word))))
			continue;
		r->is_given = is_shell(name) || is_interpreter(name) || is_before_program(name);
		r->at_start |= out->is_first && str_find_byte(word, '=') > 0 && word.at[0] != '/';
		if (word.at[0] == '/')
			return true;
	}
	return false;
}

/* One pipeline at a time; substitutions are taken for a pipeline into what is around them. */
struct pipeline {
	bool brings, decodes; /* an earlier part does */
	/* So does a part of the group (a || b) that is not over yet. */
	unsigned depth;
	bool group_brings, group_decodes;
	bool runs_before;	    /* a shell stands before a substitution: sh -c "$(curl ...)" */
	bool has_program;	    /* of this part */
	bool is_decoder;	    /* base64, openssl: with -d they decode */
	bool saves, saved_runnable; /* a download; chmod after it */
	bool is_interpreter, has_inline;
	unsigned marks;
};

static void take_program(struct pipeline *p, struct str word)
{
	const struct str name = str_file_name(word);
	const bool runs = is_shell(name) || is_interpreter(name);

	p->has_program = true;
	if (runs && p->brings)
		p->marks |= COMMAND_FETCHES;
	if (runs && p->decodes)
		p->marks |= COMMAND_UNPACKS;
	if (is_downloader(name)) {
		p->brings = p->saves = true;
		p->marks |= p->runs_before ? COMMAND_FETCHES : 0;
	}
	if (p->saves && str_equal(name, STR("chmod")))
		p->saved_runnable = true;
	/* fetched, made executable, run: all in one line */
	if (p->saved_runnable &&
	    (str_starts(word, STR("./")) || str_starts(word, STR("/tmp/")) ||
	     str_starts(word, STR("/var/tmp/")) || str_starts(word, STR("/dev/shm/"))))
		p->marks |= COMMAND_FETCHES;
	p->is_decoder = str_equal(name, STR("base64")) || str_equal(name, STR("base32")) ||
			str_equal(name, STR("openssl")) || str_equal(name, STR("xxd"));
	p->is_interpreter = is_interpreter(name);
	/* its arguments may be a command, too: sh -c "curl ..." */
	if (runs && is_shell(name)) {
		p->runs_before = true;
		p->has_program = false;
	}
}

static void take_word_of(struct pipeline *p, struct str word)
{
	if (p->is_decoder && (str_equal(word, STR("-d")) || str_equal(word, STR("--decode")) ||
			      str_equal(word, STR("-D")) || str_equal(word, STR("-r")) ||
			      (word.len > 2 && word.at[0] == '-' && word.at[1] != '-' &&
			       str_find_byte(word, 'd') > 0 && word.len < 5))) {
		p->decodes = true;
		p->marks |= p->runs_before ? COMMAND_UNPACKS : 0;
	}
	if (p->is_interpreter && word.len >= 2 && word.at[0] == '-' &&
	    (word.at[word.len - 1] == 'c' || word.at[word.len - 1] == 'e' ||
	     word.at[word.len - 1] == 'r'))
		p->has_inline = true;
	if (p->has_program || is_before_program(word)) {
		p->runs_before |= str_equal(word, STR("eval")) || str_equal(word, STR("source")) ||
				  (str_equal(word, STR(".")) && !p->has_program);
		return;
	}
	take_program(p, word);
}

static void end_group(struct pipeline *p)
{
	p->depth -= p->depth > 0;
	p->brings |= p->group_brings;
	p->decodes |= p->group_decodes;
	p->group_brings = p->group_decodes = false;
}

static void take_operator_of(struct pipeline *p, char c)
{
	p->has_program = p->is_decoder = p->is_interpreter = false;
	p->depth += c == '(';
	if (c == ')')
		end_group(p);
	if (c == '|' || c == '(' || c == ')' || c == '<' || c == '>' || c == '`')
		return;
	p->group_brings |= p->depth > 0 && p->brings;
	p->group_decodes |= p->depth > 0 && p->decodes;
	p->brings = p->decodes = p->runs_before = false;
}

/* The next word or operator; quotes are blanks here, for a shell may be given its own script. */
static bool next_piece(struct str *rest, struct str *piece)
{
	size_t len = 0;

	while (rest->len > 0 && rest->at[0] != '\n' &&
	       (is_blank(rest->at[0]) || rest->at[0] == '\'' || rest->at[0] == '"' ||
		rest->at[0] == '\\'))
		*rest = str_skip(*rest, 1);
	while (len < rest->len && !is_blank(rest->at[len]) && !is_operator(rest->at[len]) &&
	       rest->at[len] != '\'' && rest->at[len] != '"')
		len++;
	if (len == 0 && rest->len > 0)
		len = 1;
	*piece = str_sub(*rest, 0, len);
	*rest = str_skip(*rest, len);
	return len > 0;
}

static bool has_any(struct str text, struct words words)
{
	for (size_t i = 0; i < words.count; i++)
		if (str_find(text, words.at[i]) >= 0)
			return true;
	return false;
}

static unsigned marks_of_texts(struct str command, const struct pipeline *p)
{
	static const struct str miners[] = {
		STR("stratum+tcp://"),	STR("stratum+ssl://"), STR("stratum+tls://"),
		STR("stratum2+tcp://"), STR("--donate-level"), STR("--randomx-"),
		STR("--nicehash"),	STR("--coin=monero"),  STR("--coin monero"),
		STR("--algo=rx/"),	STR("-a rx/0"),	       STR("-a cn/")};
	static const struct str sockets[] = {STR("/dev/tcp/"), STR("/dev/udp/")};
	static const struct str running[] = {STR("exec"),   STR("eval"),     STR("system"),
					     STR("socket"), STR("urllib"),   STR("b64decode"),
					     STR("popen"),  STR("requests"), STR("subprocess")};
	unsigned marks = 0;

	marks |= has_any(command, WORDS(miners)) ? COMMAND_MINES : 0;
	marks |= has_any(command, WORDS(sockets)) ? COMMAND_CONNECTS : 0;
	if (p->has_inline && has_any(command, WORDS(running)))
		marks |= COMMAND_ONE_LINER;
	return marks;
}

unsigned command_marks(struct str command)
{
	struct pipeline p = {0};
	struct str rest = command, piece;

	while (next_piece(&rest, &piece)) {
		if (piece.len == 1 && is_operator(piece.at[0])) {
			/* "||" is no pipe */
			bool is_or = piece.at[0] == '|' && str_starts(rest, STR("|"));
			take_operator_of(&p, is_or ? ';' : piece.at[0]);
			rest = is_or ? str_skip(rest, 1) : rest;
		} else if (str_equal(piece, STR("{"))) {
			p.depth++;
		} else if (str_equal(piece, STR("}"))) {
			end_group(&p);
		} else {
			take_word_of(&p, piece);
		}
	}
	return p.marks | marks_of_texts(command, &p);
}

const char *command_marks_text(unsigned marks)
{
	if (marks & COMMAND_MINES)
		return "names a pool, or an option that only miners have";
	if (marks & COMMAND_UNPACKS)
		return "runs what it first decodes, so that nobody reads it";
	if (marks & COMMAND_FETCHES)
		return "downloads something and runs it, whatever it is by then";
	if (marks & COMMAND_CONNECTS)
		return "lets a shell speak with another machine";
	if (marks & COMMAND_ONE_LINER)
		return "holds a program of its own that runs or fetches others";
	return NULL;
}

/* -- where it leads -- */

static bool is_path_end(struct str text, size_t at)
{
	if (at >= text.len)
		return true;
	char c = text.at[at];
	return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		 c == '_' || c == '-' || c == '.' || c == '/' || c == '+' || (c & 0x80));
}

/* `path` in `text`, whole: "/tmp/x" is not in "/tmp/xy" nor in "/var/tmp/x". */
static bool has_path(struct str text, struct str path)
{
	size_t from = 0;
	ptrdiff_t at;

	while (path.len > 0 && (at = str_find(str_skip(text, from), path)) >= 0) {
		size_t start = from + (size_t)at;
		if ((start == 0 || is_path_end(text, start - 1)) &&
		    is_path_end(text, start + path.len))
			return true;
		from = start + 1;
	}
	return false;
}

static bool is_home_of(struct str word, struct str path)
{
	static const struct str homes[] = {STR("~/"), STR("$HOME/"), STR("${HOME}/"), STR("%h/")};

	for (size_t i = 0; i < sizeof(homes) / sizeof(*homes); i++)
		if (str_starts(word, homes[i]) && word.len > homes[i].len)
			return (str_starts(path, STR("/home/")) || str_starts(path, STR("/root"
											"/"))) &&
			       str_ends(path, str_skip(word, homes[i].len - 1));
	return false;
}

static bool is_in_system_folder(struct str folder)
{
	static const struct str folders[] = {STR("/usr/local/sbin"), STR("/usr/local/bin"),
					     STR("/usr/sbin"),	     STR("/usr/bin"),
					     STR("/sbin"),	     STR("/bin")};

	return is_one_of(folder, WORDS(folders));
}

bool command_leads_to(struct str command, struct str path)
{
	const struct str name = str_file_name(path);
	const struct str folder =
		str_sub(path, 0, path.len > name.len ? path.len - name.len - 1 : 0);
	struct command_reader reader;
	struct command_word word;
	bool changes = false, in_folder = false;

	if (name.len == 0 || folder.len == 0)
		return false;
	command_begin(&reader, command);
	while (command_next(&reader, &word)) {
		const struct str text = str_of(word.at, word.len);
		if (word.is_operator)
			continue;
		if (has_path(text, path) || is_home_of(text, path) ||
		    (word.is_first && str_equal(text, name) && is_in_system_folder(folder)))
			return true;
		if (in_folder && (str_equal(text, name) || (str_starts(text, STR("./")) &&
							    str_equal(str_skip(text, 2), name))))
			return true;
		in_folder |= changes && str_equal(text, folder);
		changes = word.is_first &&
			  (str_equal(text, STR("cd")) || str_equal(text, STR("pushd")));
	}
	/* a script of its own inside of quotes */
	return has_path(command, path);
}
