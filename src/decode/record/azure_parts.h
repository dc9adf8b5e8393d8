/* What Azure's and Entra's logs have in common. For this folder only. */
#ifndef DAVY_DECODE_RECORD_AZURE_PARTS_H
#define DAVY_DECODE_RECORD_AZURE_PARTS_H

#include "decode/record/act_field.h"

/*
 * Of a token's claims, of the right it used (evidence), and of the name that the record itself has
 * for who asked: a UPN, or the id of an object or application.
 */
void azure_identity(struct json_value claims, struct json_value evidence, struct str caller,
		    struct arena *scratch, struct record_identity *who);

/* Of "/subscriptions/ID/..." in small letters: ID, or {0}. */
struct str azure_subscription(struct str resource);
/* Its type from its path's last but one part; the name is the whole path. */
void azure_add_resource(struct str resource, struct record_act *act);

#endif
