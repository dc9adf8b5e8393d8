/*
 * Parts of a date for the time modifiers: of a text that begins as RFC 3339 and ISO 8601 have it,
 * year-month-day, and behind it nothing or T or a blank and hour:minute. As the specification says,
 * nothing is converted: the hour is the one that is written, whatever zone follows.
 */
#include "detect/sigma/matcher_parts.h"

struct date {
	int year, month, day;
	bool has_clock;
	int hour, minute;
};

static bool take_digits(struct str *rest, size_t count, int *out)
{
	uint64_t number;

	if (rest->len < count || !str_to_u64(str_sub(*rest, 0, count), &number))
		return false;
	*rest = str_skip(*rest, count);
	*out = (int)number;
	return true;
}

static bool take_one_of(struct str *rest, struct str bytes)
{
	if (rest->len == 0 || str_find_byte(bytes, rest->at[0]) < 0)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_before(int year, int month)
{
	static const int days[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};

	return days[month - 1] + (month > 2 && is_leap(year));
}

static bool read_date(struct str text, struct date *out)
{
	*out = (struct date){0};
	if (!take_digits(&text, 4, &out->year) || !take_one_of(&text, STR("-")) ||
	    !take_digits(&text, 2, &out->month) || !take_one_of(&text, STR("-")) ||
	    !take_digits(&text, 2, &out->day) || out->year < 1 || out->month < 1 ||
	    out->month > 12 || out->day < 1 ||
	    out->day > days_before(out->year, out->month + 1) - days_before(out->year, out->month))
		return false;
	if (text.len == 0)
		return true;
	out->has_clock = take_one_of(&text, STR("Tt ")) && take_digits(&text, 2, &out->hour) &&
			 take_one_of(&text, STR(":")) && take_digits(&text, 2, &out->minute) &&
			 out->hour < 24 && out->minute < 60 &&
			 (text.len == 0 || take_one_of(&text, STR(":.Zz+- ")));
	return out->has_clock;
}

/* Days from Monday to that day of the year. */
static int weekday(int year, int day_of_year)
{
	const int before = year - 1;

	return (before * 365 + before / 4 - before / 100 + before / 400 + day_of_year - 1) % 7;
}

/* Weeks that begin in a year, by ISO 8601: its first is the one with the year's first Thursday. */
static int weeks_in(int year)
{
	const int first = weekday(year, 1);

	return first == 3 || (first == 2 && is_leap(year)) ? 53 : 52;
}

static int week_of(const struct date *date)
{
	const int day = days_before(date->year, date->month) + date->day;
	const int week = (day - weekday(date->year, day) + 9) / 7;

	if (week < 1)
		return weeks_in(date->year - 1);
	return week > weeks_in(date->year) ? 1 : week;
}

bool matcher_time_of(struct str text, enum sigma_time time, double *out)
{
	struct date date;

	if (!read_date(text, &date))
		return false;
	switch (time) {
	case SIGMA_MINUTE:
		*out = date.minute;
		return date.has_clock;
	case SIGMA_HOUR:
		*out = date.hour;
		return date.has_clock;
	case SIGMA_DAY:
		*out = date.day;
		return true;
	case SIGMA_WEEK:
		*out = week_of(&date);
		return true;
	case SIGMA_MONTH:
		*out = date.month;
		return true;
	default:
		*out = date.year;
		return time == SIGMA_YEAR;
	}
}
