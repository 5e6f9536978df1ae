package join

import (
	"net"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limiter slows down senders of wrong tokens: five at once, then one every two seconds per address.
type limiter struct {
	mu sync.Mutex // guards senders
	// senders holds only addresses that failed lately.
	senders map[string]*sender
}

type sender struct {
	tokens *rate.Limiter
	last   time.Time
}

const (
	failuresAtOnce  = 5
	failureInterval = 2 * time.Second
	mostSenders     = 4096
)

// allowed tells whether the sender may try at all.
func (l *limiter) allowed(remote string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.senders[host(remote)]
	return s == nil || s.tokens.TokensAt(now) >= 1
}

// failed counts a wrong token.
func (l *limiter) failed(remote string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.senders == nil {
		l.senders = map[string]*sender{}
	}
	name := host(remote)
	s := l.senders[name]
	if s == nil {
		l.forget(now)
		s = &sender{tokens: rate.NewLimiter(rate.Every(failureInterval), failuresAtOnce)}
		l.senders[name] = s
	}
	s.last = now
	s.tokens.AllowN(now, 1)
}

// forget keeps the table bounded: whoever was quiet long enough to have all attempts back needs no entry.
func (l *limiter) forget(now time.Time) {
	if len(l.senders) < mostSenders {
		return
	}
	for name, s := range l.senders {
		if now.Sub(s.last) > failuresAtOnce*failureInterval {
			delete(l.senders, name)
		}
	}
	for name := range l.senders { // a flood from thousands of addresses: drop any, the table stays bounded
		if len(l.senders) < mostSenders {
			return
		}
		delete(l.senders, name)
	}
}

func host(remote string) string {
	if h, _, err := net.SplitHostPort(remote); err == nil {
		return h
	}
	return remote
}
