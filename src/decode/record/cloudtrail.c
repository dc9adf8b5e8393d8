/*
 * CloudTrail's record: one call of an AWS API.
 *
 * source: AWS CloudTrail user guide, "CloudTrail record contents"; the members of userIdentity and
 * what names a resource are in cloudtrail_identity.c and cloudtrail_resources.c
 */
#include "decode/record/act_field.h"

enum {
	USER_IDENTITY,
	EVENT_TIME,
	EVENT_SOURCE,
	EVENT_NAME,
	AWS_REGION,
	SOURCE_ADDRESS,
	USER_AGENT,
	ERROR_CODE,
	ERROR_MESSAGE,
	REQUEST,
	RESPONSE,
	ADDITIONAL,
	EVENT_ID,
	READ_ONLY,
	RESOURCES,
	RECIPIENT,
	FIELDS
};

static const struct str keys[FIELDS] = {
	[USER_IDENTITY] = STR("userIdentity"), [EVENT_TIME] = STR("eventTime"),
	[EVENT_SOURCE] = STR("eventSource"),   [EVENT_NAME] = STR("eventName"),
	[AWS_REGION] = STR("awsRegion"),       [SOURCE_ADDRESS] = STR("sourceIPAddress"),
	[USER_AGENT] = STR("userAgent"),       [ERROR_CODE] = STR("errorCode"),
	[ERROR_MESSAGE] = STR("errorMessage"), [REQUEST] = STR("requestParameters"),
	[RESPONSE] = STR("responseElements"),  [ADDITIONAL] = STR("additionalEventData"),
	[EVENT_ID] = STR("eventID"),	       [READ_ONLY] = STR("readOnly"),
	[RESOURCES] = STR("resources"),	       [RECIPIENT] = STR("recipientAccountId"),
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* UpdateFunctionCode20150331v2 -> UpdateFunctionCode: Lambda puts the API's date behind the name */
static struct str without_version(struct str name)
{
	size_t end = name.len;

	while (end > 0 && is_digit(name.at[end - 1]))
		end--;
	if (end < name.len && end > 0 && name.at[end - 1] == 'v')
		end--;
	else
		end = name.len;
	size_t date = end;
	while (date > 0 && is_digit(name.at[date - 1]))
		date--;
	bool is_date = end - date == 8 && date > 0 && str_starts(str_skip(name, date), STR("20"));
	return is_date ? str_sub(name, 0, date) : name;
}

/* Rights were missing, or the credential was no good, in the words of the services. */
static bool is_denial(struct str code)
{
	static const struct str words[] = {
		STR("AccessDenied"),	    STR("Unauthorized"),	 STR("NotAuthorized"),
		STR("InvalidClientToken"),  STR("SignatureDoesNot"),	 STR("UnrecognizedClient"),
		STR("ExpiredToken"),	    STR("AuthFailure"),		 STR("InvalidAccessKeyId"),
		STR("AuthorizationError"),  STR("MissingAuthent"),	 STR("InvalidSignature"),
		STR("IncompleteSignature"), STR("InvalidIdentityToken"), STR("InvalidToken"),
		STR("TokenRefresh"),	    STR("IDPRejectedClaim"),	 STR("Forbidden"),
		STR("AllAccessDisabled"),
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (str_find_nocase(code, words[i]) >= 0)
			return true;
	return false;
}

/* A sign-in that failed has no errorCode: its answer says "ConsoleLogin": "Failure". */
static bool is_failed_sign_in(const struct record_act *act)
{
	return str_equal(act->service, STR("signin.amazonaws.com")) &&
	       json_text_is(json_member(act->response, act->action), STR("Failure"));
}

static enum record_outcome outcome_of(const struct record_act *act)
{
	if (act->error.len == 0)
		return OUTCOME_DONE;
	if (str_find(act->error, STR("DryRunOperation")) >= 0)
		return OUTCOME_DRY_RUN;
	return is_denial(act->error) ? OUTCOME_DENIED : OUTCOME_FAILED;
}

static bool is_reading_verb(struct str action)
{
	static const struct str verbs[] = {STR("Get"),	   STR("List"),	  STR("Describe"),
					   STR("Head"),	   STR("Lookup"), STR("Search"),
					   STR("BatchGet")};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (str_starts(action, verbs[i]))
			return true;
	return false;
}

static void decode_how_it_ended(const struct json_value *at, struct arena *scratch,
				struct record_act *act)
{
	act->error = act_text(at[ERROR_CODE], scratch);
	act->outcome = outcome_of(act);
	if (act->error.len == 0 && is_failed_sign_in(act)) {
		act->outcome = OUTCOME_DENIED;
		act->error = act_text(at[ERROR_MESSAGE], scratch);
	}
}

bool cloudtrail_decode(struct json_value root, struct arena *scratch, struct record *out)
{
	struct record_act *act = &out->act;
	struct json_value at[FIELDS];

	json_pick(root, keys, FIELDS, at);
	act->provider = PROVIDER_AWS;
	out->time = act_time(at[EVENT_TIME]);
	out->id = act_text(at[EVENT_ID], scratch);
	act->action = without_version(act_text(at[EVENT_NAME], scratch));
	act->service = act_text(at[EVENT_SOURCE], scratch);
	act->account = act_text(at[RECIPIENT], scratch);
	act->region = act_text(at[AWS_REGION], scratch);
	act->request = at[REQUEST];
	act->response = at[RESPONSE];
	cloudtrail_identity(at[USER_IDENTITY], scratch, act);
	act_set_source(act, act_text(at[SOURCE_ADDRESS], scratch));
	act->user_agent = act_text(at[USER_AGENT], scratch);
	decode_how_it_ended(at, scratch, act);
	act->is_read_only = json_exists(at[READ_ONLY]) ? json_is_true(at[READ_ONLY])
						       : is_reading_verb(act->action);
	const struct json_value sides[CLOUDTRAIL_SIDES] = {at[REQUEST], at[RESPONSE],
							   at[RESOURCES]};
	cloudtrail_resources(sides, scratch, act);
	if (!json_to_u64(json_member(at[ADDITIONAL], STR("bytesTransferredOut")), &act->bytes_out))
		act->bytes_out = 0;
	if (json_text_is(json_member(at[ADDITIONAL], STR("MFAUsed")), STR("Yes")))
		act->identity.has_mfa = true;
	return act->action.len > 0;
}
