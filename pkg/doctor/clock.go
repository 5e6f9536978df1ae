package doctor

import (
	"context"
	"time"
)

// built is before every kove was: a clock that shows less has lost its battery.
var built = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func clock(_ context.Context, h Host, _ Case) []Finding {
	now := h.Now()
	if !now.Before(built) {
		return nil
	}
	return []Finding{{ID: "clock", Severity: Fatal,
		Seen: "this machine's clock shows " + now.UTC().Format(time.DateTime), Why: "certificates made now would have expired when it is set right",
		Remedy: "set it (timedatectl set-ntp true, or date -s)"}}
}
