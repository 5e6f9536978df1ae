package doctor

import "context"

func timeSyncCheck() Check {
	return Check{Name: "time-sync", About: "whether something keeps the clock right", Roles: both, Run: timeSync, Finds: []Explanation{
		{"time-sync", Warning, "Nothing keeps the machine's clock right (the kernel's clock is marked as unsynchronised). Clocks of nodes that drift apart by more than two minutes keep machines from joining, and certificates from being valid. Start a client: `timedatectl set-ntp true`, chrony or ntpd. A site without the internet needs a clock of its own: one machine as a server of chrony is enough. A virtual machine whose clock comes from its host can ignore this."},
	}}
}

func timeSync(_ context.Context, h Host, _ Case) []Finding {
	if ok, err := h.ClockSynced(); err != nil || ok {
		return nil
	}
	return []Finding{{"time-sync", Warning, "nothing keeps this machine's clock right", "clocks that drift apart keep nodes from joining and certificates from being valid", "run `timedatectl set-ntp true`, or install chrony"}}
}
