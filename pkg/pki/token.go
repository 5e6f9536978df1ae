package pki

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The users that a token may name.
const (
	ServerUser = "server"
	NodeUser   = "node"
)

const tokenPrefix = "K10"

// bootstrapToken is the form of Kubernetes' bootstrap tokens: id, dot, secret.
var bootstrapToken = regexp.MustCompile(`^([a-z0-9]{6})\.([a-z0-9]{16})$`)

// Token is what a machine presents to join. Its written forms are, as in k3s,
//
//	K10<sha256 of the server CA bundle>::<user>:<password>    pins the CA
//	K10<sha256>::<id>.<secret>                                the same with a bootstrap token
//	<password> or <id>.<secret>                               trusts whichever CA answers first
type Token struct {
	// CAHash pins the cluster's CA, hex; "" when the token does not.
	CAHash string
	// User is server or node; "" for a bare password or a bootstrap token.
	User string
	// Password is the secret; for bootstrap tokens id.secret.
	Password string
}

// ParseToken reads any form. Errors never repeat the token.
func ParseToken(s string) (Token, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return Token{}, errors.New("the token is empty")
	}
	if !strings.HasPrefix(s, tokenPrefix) {
		if strings.Contains(s, "::") {
			return Token{}, errors.New("the token is damaged: it has to begin with K10; copy it again from server/node-token")
		}
		return Token{Password: s}, nil
	}
	hash, rest, ok := strings.Cut(s[len(tokenPrefix):], "::")
	if raw, err := hex.DecodeString(hash); !ok || err != nil || len(raw) != sha256.Size {
		return Token{}, errors.New("the token is damaged: K10 has to be followed by 64 hexadecimal digits and ::; copy it again from server/node-token")
	}
	if bootstrapToken.MatchString(rest) {
		return Token{CAHash: strings.ToLower(hash), Password: rest}, nil
	}
	user, password, ok := strings.Cut(rest, ":")
	if !ok || (user != ServerUser && user != NodeUser) || password == "" {
		return Token{}, errors.New("the token is damaged: after :: comes server: or node: and the secret; copy it again from server/node-token")
	}
	return Token{CAHash: strings.ToLower(hash), User: user, Password: password}, nil
}

// String writes the token in full. It is a secret.
func (t Token) String() string {
	s := t.Password
	if t.User != "" {
		s = t.User + ":" + s
	}
	if t.CAHash != "" {
		s = tokenPrefix + t.CAHash + "::" + s
	}
	return s
}

// Bootstrap splits a bootstrap token into id and secret.
func (t Token) Bootstrap() (id, secret string, ok bool) {
	m := bootstrapToken.FindStringSubmatch(t.Password)
	if m == nil || t.User != "" {
		return "", "", false
	}
	return m[1], m[2], true
}

// HashCA is the hash by which tokens pin a CA bundle.
func HashCA(bundle []byte) string {
	sum := sha256.Sum256(bundle)
	return hex.EncodeToString(sum[:])
}

// ErrOtherCluster is that a token pins another CA than the server has.
var ErrOtherCluster = errors.New("the token belongs to another cluster")

// CheckCA tells whether the token admits to the cluster with this CA bundle.
func (t Token) CheckCA(bundle []byte) error {
	if t.CAHash == "" || t.CAHash == HashCA(bundle) {
		return nil
	}
	return fmt.Errorf("%w: it pins the CA %s…, the server has %s…", ErrOtherCluster, t.CAHash[:12], HashCA(bundle)[:12])
}

// SameSecret compares secrets in a time that depends on neither's contents nor length.
func SameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// NewSecret draws 128 random bits.
func NewSecret() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("drawing a secret: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// NewBootstrapToken draws id.secret.
func NewBootstrapToken() (string, error) {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	out := make([]byte, 0, 23)
	var b [1]byte
	for len(out) < 23 {
		if len(out) == 6 {
			out = append(out, '.')
			continue
		}
		if _, err := rand.Read(b[:]); err != nil {
			return "", fmt.Errorf("drawing a token: %w", err)
		}
		// 252 is the largest multiple of 36 in a byte: the rest would favour the first letters.
		if b[0] < 252 {
			out = append(out, letters[int(b[0])%len(letters)])
		}
	}
	return string(out), nil
}
