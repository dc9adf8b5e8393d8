#include "detect/flow_actions.h"

#include "base/shell_word.h"

struct advice {
	const struct flow_session *session;
	struct arena *scratch;
	struct finding *out;
	char local[ENDPOINT_TEXT_MAX], remote[ENDPOINT_TEXT_MAX];
	bool is_v4;
};

static struct str origin_text(const struct advice *advice, enum flow_origin_text which)
{
	return flow_origin_text(advice->session->origin, which);
}

static void add_word(struct buf *out, const char *before, struct str word)
{
	buf_add_text(out, before);
	buf_add_shell_word(out, word);
}

static void add_option(struct buf *out, const char *option, struct str word)
{
	if (word.len > 0)
		add_word(out, option, word);
}

static void propose(struct advice *advice, struct str text, const struct buf *command,
		    const struct buf *undo)
{
	const struct action action = {
		.text = text,
		.command = arena_copy(advice->scratch, buf_view(command)),
		.undo = undo ? arena_copy(advice->scratch, buf_view(undo)) : (struct str){0},
	};

	if (!command->failed && !(undo && undo->failed))
		finding_add_action(advice->out, action);
}

static void look_on_host(struct advice *advice)
{
	finding_add_action(advice->out,
			   (struct action){.text = arena_printf(
						   advice->scratch,
						   "To be sure, watch the machine itself: run this "
						   "on %s; it sees programs, not only windows",
						   advice->local),
					   .command = STR("davy watch")});
}

/* The access list of the subnet, asked for by what the log named. */
static void add_aws_list(struct buf *out, const struct advice *advice)
{
	struct str subnet = origin_text(advice, ORIGIN_SUBNET);

	buf_add_text(out, "\"$(aws ec2 describe-network-acls --filters ");
	if (subnet.len > 0) {
		CLEANUP(buf_fini) struct buf filter = {0};
		buf_add_text(&filter, "Name=association.subnet-id,Values=");
		buf_add(&filter, subnet);
		buf_add_shell_word(out, buf_view(&filter));
	} else {
		buf_add_text(out, "\"Name=association.subnet-id,Values=$(aws ec2 "
				  "describe-network-interfaces");
		add_word(out, " --network-interface-ids ", origin_text(advice, ORIGIN_INTERFACE));
		add_option(out, " --region ", origin_text(advice, ORIGIN_REGION));
		buf_add_text(out, " --query 'NetworkInterfaces[0].SubnetId' --output text)\"");
	}
	add_option(out, " --region ", origin_text(advice, ORIGIN_REGION));
	buf_add_text(out, " --query 'NetworkAcls[0].NetworkAclId' --output text)\"");
}

static void cut_aws(struct advice *advice)
{
	CLEANUP(buf_fini) struct buf command = {0}, undo = {0};

	if (origin_text(advice, ORIGIN_SUBNET).len == 0 &&
	    origin_text(advice, ORIGIN_INTERFACE).len == 0)
		return;
	buf_add_text(&command, "aws ec2 create-network-acl-entry --network-acl-id ");
	add_aws_list(&command, advice);
	buf_printf(&command, " --egress --rule-number 1 --protocol -1 --rule-action deny %s %s/%d",
		   advice->is_v4 ? "--cidr-block" : "--ipv6-cidr-block", advice->remote,
		   advice->is_v4 ? 32 : 128);
	add_option(&command, " --region ", origin_text(advice, ORIGIN_REGION));
	buf_add_text(&undo, "aws ec2 delete-network-acl-entry --network-acl-id ");
	add_aws_list(&undo, advice);
	buf_add_text(&undo, " --egress --rule-number 1");
	add_option(&undo, " --region ", origin_text(advice, ORIGIN_REGION));
	propose(advice,
		arena_printf(advice->scratch,
			     "Cut %s off for the whole subnet, also for what is "
			     "connected now",
			     advice->remote),
		&command, &undo);
}

static void isolate_aws(struct advice *advice)
{
	CLEANUP(buf_fini) struct buf command = {0};
	struct str instance = origin_text(advice, ORIGIN_INSTANCE);

	if (!str_starts(instance, STR("i-")))
		return;
	buf_add_text(&command, "aws ec2 modify-instance-attribute");
	add_word(&command, " --instance-id ", instance);
	buf_add_text(&command, " --groups \"$QUARANTINE_GROUP\"");
	add_option(&command, " --region ", origin_text(advice, ORIGIN_REGION));
	propose(advice,
		STR("Isolate the instance and keep its memory: set QUARANTINE_GROUP to a security "
		    "group without rules, and note its groups first (aws ec2 "
		    "describe-instance-attribute --attribute groupSet) to give them back"),
		&command, NULL);
}

static void cut_azure(struct advice *advice)
{
	CLEANUP(buf_fini) struct buf command = {0}, undo = {0};
	static const char group[] = " --resource-group \"$RESOURCE_GROUP\" --nsg-name \"$NSG\" "
				    "--name davy-cut";

	buf_printf(&command,
		   "az network nsg rule create%s --priority 100 --direction Outbound "
		   "--access Deny --protocol '*' --destination-address-prefixes %s",
		   group, advice->remote);
	buf_printf(&undo, "az network nsg rule delete%s", group);
	add_option(&command, " --subscription ", origin_text(advice, ORIGIN_ACCOUNT));
	add_option(&undo, " --subscription ", origin_text(advice, ORIGIN_ACCOUNT));
	propose(advice,
		arena_printf(advice->scratch,
			     "Cut %s off: with RESOURCE_GROUP and NSG set to the security group "
			     "of the interface; connections that are open end with a restart",
			     advice->remote),
		&command, &undo);
}

static void cut_gcp(struct advice *advice)
{
	CLEANUP(buf_fini) struct buf command = {0}, undo = {0}, name = {0};
	struct str network = origin_text(advice, ORIGIN_NETWORK);

	buf_add_text(&name, "davy-cut-");
	for (const char *c = advice->remote; *c; c++)
		buf_add_byte(&name, *c == '.' || *c == ':' ? '-' : *c);
	if (buf_view(&name).at[name.len - 1] == '-')
		buf_add_byte(&name, '0');
	add_word(&command, "gcloud compute firewall-rules create ", buf_view(&name));
	add_option(&command, " --network ", network);
	buf_printf(&command,
		   " --direction EGRESS --action DENY --rules all --priority 1 "
		   "--destination-ranges %s/%d",
		   advice->remote, advice->is_v4 ? 32 : 128);
	add_option(&command, " --project ", origin_text(advice, ORIGIN_ACCOUNT));
	add_word(&undo, "gcloud compute firewall-rules delete ", buf_view(&name));
	add_option(&undo, " --project ", origin_text(advice, ORIGIN_ACCOUNT));
	propose(advice,
		arena_printf(advice->scratch, "Cut %s off for the whole network", advice->remote),
		&command, &undo);
}

void flow_actions_add(const struct flow_session *session, struct arena *scratch,
		      struct finding *out)
{
	struct advice advice = {.session = session, .scratch = scratch, .out = out};

	address_text(&session->local.address, advice.local);
	address_text(&session->remote.address, advice.remote);
	advice.is_v4 = address_is_v4(&session->remote.address);
	look_on_host(&advice);
	switch (session->origin->provider) {
	case PROVIDER_AWS:
		cut_aws(&advice);
		isolate_aws(&advice);
		break;
	case PROVIDER_AZURE:
		cut_azure(&advice);
		break;
	case PROVIDER_GCP:
		cut_gcp(&advice);
		break;
	case PROVIDER_NONE:
	case PROVIDER_KUBE:
	default:
		break;
	}
}
