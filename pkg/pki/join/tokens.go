package join

import (
	"context"
	"fmt"
	"sort"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kove-io/kove/pkg/pki"
)

// bootstrapSecret is the type that Kubernetes gives bootstrap tokens; its token cleaner removes expired ones.
const bootstrapSecret corev1.SecretType = "bootstrap.kubernetes.io/token"

const (
	tokenNamespace  = "kube-system"
	tokenNamePrefix = "bootstrap-token-"
	tokenLabel      = "kove.io/join-token"
)

// Tokens keeps expiring join tokens as Kubernetes' bootstrap token Secrets.
type Tokens struct {
	client kubernetes.Interface
}

// NewTokens uses client for Secrets.
func NewTokens(client kubernetes.Interface) *Tokens { return &Tokens{client: client} }

// TokenInfo describes a token without its secret.
type TokenInfo struct {
	ID          string    `json:"id"`
	Description string    `json:"description,omitempty"`
	Created     time.Time `json:"created"`
	// Expires is zero for a token that does not.
	Expires time.Time `json:"expires,omitzero"`
}

// Create stores a token of the form id.secret. A ttl of zero never ends.
func (t *Tokens) Create(ctx context.Context, token, description string, ttl time.Duration, now time.Time) error {
	id, secret, ok := (pki.Token{Password: token}).Bootstrap()
	if !ok {
		return fmt.Errorf("creating a token: it has to have the form abcdef.0123456789abcdef; leave it out to have one drawn")
	}
	data := map[string]string{"token-id": id, "token-secret": secret, "usage-bootstrap-authentication": "true", "description": description}
	if ttl > 0 {
		data["expiration"] = now.Add(ttl).UTC().Format(time.RFC3339)
	}
	_, err := t.client.CoreV1().Secrets(tokenNamespace).Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: tokenNamePrefix + id, Namespace: tokenNamespace, Labels: map[string]string{tokenLabel: "true"}},
		Type:       bootstrapSecret,
		Data:       bytesOf(data),
	}, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("creating token %s: it exists; `kove token delete %s` removes it", id, id)
	}
	if err != nil {
		return fmt.Errorf("creating token %s: %w", id, err)
	}
	return nil
}

func bytesOf(data map[string]string) map[string][]byte {
	out := map[string][]byte{}
	for k, v := range data {
		out[k] = []byte(v)
	}
	return out
}

// List returns all tokens that admit nodes, by id.
func (t *Tokens) List(ctx context.Context) ([]TokenInfo, error) {
	secrets, err := t.client.CoreV1().Secrets(tokenNamespace).List(ctx, metav1.ListOptions{LabelSelector: tokenLabel + "=true"})
	if err != nil {
		return nil, fmt.Errorf("listing tokens: %w", err)
	}
	var out []TokenInfo
	for _, s := range secrets.Items {
		if s.Type != bootstrapSecret {
			continue
		}
		info := TokenInfo{ID: string(s.Data["token-id"]), Description: string(s.Data["description"]), Created: s.CreationTimestamp.Time}
		if at, err := time.Parse(time.RFC3339, string(s.Data["expiration"])); err == nil {
			info.Expires = at
		}
		out = append(out, info)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out, nil
}

// Delete removes a token by its id, or by the whole token.
func (t *Tokens) Delete(ctx context.Context, id string) error {
	if parsed, err := pki.ParseToken(id); err == nil {
		if tokenID, _, ok := parsed.Bootstrap(); ok {
			id = tokenID
		}
	}
	err := t.client.CoreV1().Secrets(tokenNamespace).Delete(ctx, tokenNamePrefix+id, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting token %s: there is none; `kove token list` shows them", id)
	}
	if err != nil {
		return fmt.Errorf("deleting token %s: %w", id, err)
	}
	return nil
}

// Valid tells whether a token admits nodes now.
func (t *Tokens) Valid(ctx context.Context, id, secret string, now time.Time) (bool, error) {
	s, err := t.client.CoreV1().Secrets(tokenNamespace).Get(ctx, tokenNamePrefix+id, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking up token %s: %w", id, err)
	}
	if s.Type != bootstrapSecret || s.DeletionTimestamp != nil || s.Labels[tokenLabel] != "true" ||
		string(s.Data["usage-bootstrap-authentication"]) != "true" || string(s.Data["token-id"]) != id {
		return false, nil
	}
	if !pki.SameSecret(string(s.Data["token-secret"]), secret) {
		return false, nil
	}
	if text := string(s.Data["expiration"]); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && now.Before(at), nil
	}
	return true, nil
}
