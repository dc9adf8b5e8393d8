#include "decode/proc/stat.h"

#include "decode/proc/fields.h"

static ptrdiff_t last_bracket(struct str text)
{
	const char *found = text.len ? memrchr(text.at, ')', text.len) : NULL;

	return found ? found - text.at : -1;
}

static bool next_u32(struct str *rest, uint32_t *out)
{
	uint64_t value;

	if (!next_number(rest, &value) || value > UINT32_MAX)
		return false;
	*out = (uint32_t)value;
	return true;
}

/* The columns after the name; proc(5) numbers the state 3. */
static bool read_columns(struct str rest, struct proc_stat *out)
{
	struct str state;
	uint32_t group;
	int64_t session, nice, resident;

	if (!next_word(&rest, &state) || state.len != 1 || !next_u32(&rest, &out->parent) ||
	    !next_u32(&rest, &group) || !next_signed(&rest, &session) ||
	    !skip_words(&rest, 2 /* tty_nr, tpgid */) || !next_u32(&rest, &out->flags) ||
	    !skip_words(&rest, 4 /* page faults */) || !next_number(&rest, &out->user_ticks) ||
	    !next_number(&rest, &out->system_ticks) ||
	    !skip_words(&rest, 3 /* children's ticks, priority */) || !next_signed(&rest, &nice) ||
	    !next_u32(&rest, &out->threads) || !skip_words(&rest, 1 /* itrealvalue */) ||
	    !next_number(&rest, &out->start_ticks) || !skip_words(&rest, 1 /* vsize */) ||
	    !next_signed(&rest, &resident) || !skip_words(&rest, 16 /* rsslim ... rt_priority */) ||
	    !next_u32(&rest, &out->policy))
		return false;
	out->state = state.at[0];
	out->session = session < 0 || session > UINT32_MAX ? 0 : (uint32_t)session;
	out->nice = (int32_t)(nice < INT32_MIN ? INT32_MIN : nice > INT32_MAX ? INT32_MAX : nice);
	out->resident_pages = resident < 0 ? 0 : (uint64_t)resident;
	return true;
}

enum decoded proc_stat_read(struct str text, struct proc_stat *out)
{
	ptrdiff_t open = str_find_byte(text, '('), close = last_bracket(text);
	uint64_t pid;

	*out = (struct proc_stat){0};
	if (open < 0 || close < open)
		return str_find_byte(text, '\n') < 0 ? NEED_MORE : MALFORMED;
	if (!str_to_u64(str_trim(str_sub(text, 0, (size_t)open)), &pid) || pid > UINT32_MAX)
		return MALFORMED;
	out->pid = (uint32_t)pid;
	out->name = str_sub(text, (size_t)open + 1, (size_t)(close - open) - 1);
	struct str rest = str_skip(text, (size_t)close + 1), line;
	bool is_whole = str_cut(rest, '\n', &line, &rest);
	if (read_columns(line, out))
		return DECODED;
	return is_whole ? MALFORMED : NEED_MORE;
}

bool proc_stat_is_kernel_thread(const struct proc_stat *stat)
{
	return stat->flags & PROC_KERNEL_THREAD;
}

uint64_t proc_ticks_ns(uint64_t ticks)
{
	uint64_t ns;

	return __builtin_mul_overflow(ticks, 1000000000u / PROC_TICKS_PER_S, &ns) ? UINT64_MAX : ns;
}
