#include "base/instant.h"

#include <inttypes.h>
#include <string.h>

/* Days since 1970-01-01 of a civil date, and back: H. Hinnant's proleptic Gregorian arithmetic. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	year -= month <= 2;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day_of_era = days - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;

	*day = day_of_year - (153 * shifted + 2) / 5 + 1;
	*month = shifted + (shifted < 10 ? 3 : -9);
	*year = year_of_era + era * 400 + (*month <= 2);
}

void buf_add_instant(struct buf *out, instant at)
{
	int64_t seconds = at.ns / 1000000000, ns = at.ns % 1000000000;
	int64_t year, month, day;

	if (ns < 0) {
		seconds--;
		ns += 1000000000;
	}
	int64_t days = seconds / 86400, of_day = seconds % 86400;
	if (of_day < 0) {
		days--;
		of_day += 86400;
	}
	civil_from_days(days, &year, &month, &day);
	buf_printf(out,
		   "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64 ":%02" PRId64
		   ":%02" PRId64,
		   year, month, day, of_day / 3600, of_day / 60 % 60, of_day % 60);
	if (ns / 1000000 != 0)
		buf_printf(out, ".%03" PRId64, ns / 1000000);
	buf_add_byte(out, 'Z');
}

static bool take_number(struct str *rest, size_t digits, int64_t *out)
{
	uint64_t value;

	if (rest->len < digits || !str_to_u64(str_sub(*rest, 0, digits), &value))
		return false;
	*rest = str_skip(*rest, digits);
	*out = (int64_t)value;
	return true;
}

static bool take_byte(struct str *rest, char byte)
{
	if (rest->len == 0 || rest->at[0] != byte)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static bool take_fraction(struct str *rest, int64_t *ns)
{
	int64_t unit = 100000000;

	*ns = 0;
	if (!take_byte(rest, '.'))
		return true;
	if (rest->len == 0 || rest->at[0] < '0' || rest->at[0] > '9')
		return false;
	for (; rest->len > 0 && rest->at[0] >= '0' && rest->at[0] <= '9';
	     *rest = str_skip(*rest, 1)) {
		*ns += (rest->at[0] - '0') * unit;
		unit /= 10;
	}
	return true;
}

static bool take_zone(struct str *rest, int64_t *offset_s)
{
	int64_t hours, minutes;

	*offset_s = 0;
	if (take_byte(rest, 'Z') || take_byte(rest, 'z'))
		return true;
	int64_t sign = take_byte(rest, '+') ? 1 : take_byte(rest, '-') ? -1 : 0;
	if (sign == 0 || !take_number(rest, 2, &hours) || !take_byte(rest, ':') ||
	    !take_number(rest, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = sign * (hours * 3600 + minutes * 60);
	return true;
}

bool instant_parse(struct str text, instant *out)
{
	int64_t year, month, day, hour, minute, second, ns, offset_s;
	struct str rest = text;

	if (!take_number(&rest, 4, &year) || !take_byte(&rest, '-') ||
	    !take_number(&rest, 2, &month) || !take_byte(&rest, '-') ||
	    !take_number(&rest, 2, &day))
		return false;
	if (!take_byte(&rest, 'T') && !take_byte(&rest, 't') && !take_byte(&rest, ' '))
		return false;
	if (!take_number(&rest, 2, &hour) || !take_byte(&rest, ':') ||
	    !take_number(&rest, 2, &minute) || !take_byte(&rest, ':') ||
	    !take_number(&rest, 2, &second) || !take_fraction(&rest, &ns) ||
	    !take_zone(&rest, &offset_s))
		return false;
	if (rest.len != 0 || year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 ||
	    day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t seconds =
		days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	*out = instant_at(seconds - offset_s, ns);
	return true;
}

bool instant_parse_day(struct str text, instant *out)
{
	char moment[] = "2026-11-22T00:00:00Z";

	if (text.len != 10)
		return false;
	memcpy(moment, text.at, text.len);
	return instant_parse(str_from(moment), out);
}

void buf_add_duration(struct buf *out, duration span)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"d", 86400}, {"h", 3600}, {"min", 60}, {"s", 1}};
	int64_t seconds = span.ns / 1000000000;

	if (seconds < 10) {
		buf_printf(out, "%.1f s", duration_seconds(span));
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (seconds < units[i].seconds)
			continue;
		buf_printf(out, "%" PRId64 " %s", seconds / units[i].seconds, units[i].name);
		int64_t rest = seconds % units[i].seconds;
		if (i < 3 && rest / units[i + 1].seconds > 0)
			buf_printf(out, " %" PRId64 " %s", rest / units[i + 1].seconds,
				   units[i + 1].name);
		return;
	}
}
