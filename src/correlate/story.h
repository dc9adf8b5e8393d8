/*
 * The story of an incident: who mines where, and what each host in between is. What cannot be told
 * goes into the impact's third list beside it.
 */
#ifndef DAVY_CORRELATE_STORY_H
#define DAVY_CORRELATE_STORY_H

#include "correlate/telling.h"

enum { STORY_ORIGINS_MAX = 40 }; /* the rest of the entries is for what lies between */

void story_add_origin(struct telling *telling, const struct leg *leg);
/* Forwarders, proxies, translations and suspects of the group, each host once. */
void story_add_relays(struct telling *telling);
void story_sort(struct incident *incident); /* by time */

#endif
