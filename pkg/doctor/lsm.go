package doctor

import (
	"context"
	"strings"
)

func lsmCheck() Check {
	return Check{Name: "lsm", About: "SELinux and AppArmor", Roles: both, Run: lsm, Finds: []Explanation{
		{"lsm/selinux", Warning, "SELinux enforces, and kove brings no policy for it: containers may be kept from reading their files, and kove from loading modules. Install the container-selinux package, and switch to permissive (`setenforce 0`, SELINUX=permissive in /etc/selinux/config) when /var/log/audit/audit.log shows denials of kove's programs."},
		{"lsm/apparmor", Note, "The kernel has AppArmor, but there is no apparmor_parser: containers run without the default profile. Install the package apparmor to have it."},
	}}
}

func lsm(_ context.Context, h Host, _ Case) []Finding {
	if data, err := h.ReadFile("/sys/fs/selinux/enforce"); err == nil && strings.TrimSpace(string(data)) == "1" {
		return []Finding{{"lsm/selinux", Warning, "SELinux enforces (/sys/fs/selinux/enforce)", "kove has no policy for it: containers may be kept from their files",
			"install container-selinux; set SELINUX=permissive in /etc/selinux/config if the audit log shows denials"}}
	}
	if data, err := h.ReadFile("/sys/module/apparmor/parameters/enabled"); err == nil && strings.TrimSpace(string(data)) == "Y" {
		for _, path := range []string{"/sbin/apparmor_parser", "/usr/sbin/apparmor_parser"} {
			if _, err := h.Stat(path); err == nil {
				return nil
			}
		}
		return []Finding{{"lsm/apparmor", Note, "the kernel has AppArmor, but there is no apparmor_parser", "containers run without its default profile", "install the package apparmor"}}
	}
	return nil
}
