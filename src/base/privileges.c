/* SPDX-License-Identifier: MIT */
#include "base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

static int fail(struct reason *ret_reason, const char *what)
{
        int code = -errno;

        reason_set_errno(ret_reason, code, "%s", what);
        return code;
}

/* Says whether the process has no other ids than these any more. */
static bool is_whole(uid_t uid, gid_t gid)
{
        uid_t real, effective, saved;
        gid_t real_group, effective_group, saved_group;

        if (getresuid(&real, &effective, &saved) < 0 ||
                getresgid(&real_group, &effective_group, &saved_group) < 0)
                return false;
        return real == uid && effective == uid && saved == uid &&
               real_group == gid && effective_group == gid &&
               saved_group == gid;
}

/* Somebody without rights may have the identity already. */
static bool is_needed(uid_t uid, gid_t gid)
{
        return geteuid() == 0 || !is_whole(uid, gid);
}

static int set_groups(
        const struct identity *identity, gid_t gid, struct reason *ret_reason)
{
        int r;

        if (identity->user != NULL)
                r = initgroups(identity->user, gid);
        else
                r = setgroups(1, &gid);
        return r < 0 ? fail(ret_reason, "cannot set the groups") : 0;
}

static int set_ids(const struct identity *identity, struct reason *ret_reason)
{
        uid_t uid = identity->uid != (uid_t)-1 ? identity->uid : getuid();
        gid_t gid = identity->gid != (gid_t)-1 ? identity->gid : getgid();
        int r;

        if (!is_needed(uid, gid))
                return 0;
        r = set_groups(identity, gid, ret_reason);
        if (r < 0)
                return r;
        if (setresgid(gid, gid, gid) < 0)
                return fail(ret_reason, "cannot set the group");
        if (setresuid(uid, uid, uid) < 0)
                return fail(ret_reason, "cannot set the user");
        errno = EPERM;
        if (!is_whole(uid, gid) || (uid != 0 && setuid(0) == 0))
                return fail(
                        ret_reason, "the former user is still within reach");
        return 0;
}

int privileges_seal(struct reason *ret_reason)
{
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return fail(ret_reason, "cannot give up new privileges");
        return 0;
}

int privileges_drop(const struct identity *identity, struct reason *ret_reason)
{
        bool has_user = identity->uid != (uid_t)-1;
        bool has_group = identity->gid != (gid_t)-1;

        if (has_user && !has_group) {
                reason_set(ret_reason, "a user without a group");
                return ret_reason->code;
        }
        return has_user || has_group ? set_ids(identity, ret_reason) : 0;
}
