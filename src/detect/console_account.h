/*
 * The account of a cluster console's own pod. Who logs in to a console acts by a token of his own;
 * whatever is done by this one was done by somebody who did not.
 */
#ifndef DAVY_DETECT_CONSOLE_ACCOUNT_H
#define DAVY_DETECT_CONSOLE_ACCOUNT_H

#include <stdbool.h>

#include "base/str.h"

/* NAMESPACE and NAME of system:serviceaccount:NAMESPACE:NAME; false for others. */
bool service_account_parts(struct str identity, struct str *namespace, struct str *name);

bool is_console_account(struct str identity);

#endif
