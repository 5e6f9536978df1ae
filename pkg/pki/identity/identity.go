package identity

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// Namespace holds the Secrets.
	Namespace = "kube-system"
	// SecretType marks them.
	SecretType corev1.SecretType = "kove.io/node-identity"
	// Label selects them.
	Label = "kove.io/node-identity"

	suffix = ".node-password.kove"

	keyHash      = "hash"
	keyAddresses = "addresses"
)

// ErrNameTaken is that another machine holds the node name.
var ErrNameTaken = errors.New("the node name belongs to another machine")

// ErrAddressTaken is that another node holds an address.
var ErrAddressTaken = errors.New("the address belongs to another node")

// ErrBadRequest is a claim that no machine may make.
var ErrBadRequest = errors.New("not a claim")

// Record is what is known about a node.
type Record struct {
	Node      string
	Addresses []netip.Addr
}

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// Store keeps the records in the cluster.
type Store struct {
	client kubernetes.Interface
	// reserved are the addresses of the servers themselves, by the node name that may claim them.
	reserved map[netip.Addr]string
}

// NewStore uses client for Secrets. Only reserved[address] may claim such an address.
func NewStore(client kubernetes.Interface, reserved map[netip.Addr]string) *Store {
	return &Store{client: client, reserved: reserved}
}

// SecretName is the name of a node's Secret.
func SecretName(node string) string { return node + suffix }

// NodeOf is the inverse of SecretName.
func NodeOf(secret string) (string, bool) { return strings.CutSuffix(secret, suffix) }

// Claim proves that the caller is the machine that holds the name, or takes a free name for it, and records its addresses.
func (s *Store) Claim(ctx context.Context, node, password string, addresses []netip.Addr) error {
	if err := s.judge(node, password, addresses); err != nil {
		return err
	}
	secrets := s.client.CoreV1().Secrets(Namespace)
	secret, err := secrets.Get(ctx, SecretName(node), metav1.GetOptions{})
	missing := apierrors.IsNotFound(err)
	if err != nil && !missing {
		return fmt.Errorf("claiming node name %s: %w", node, err)
	}
	if !missing && !matches(secret, password) {
		return nameTaken(node)
	}
	if err := s.addressesFree(ctx, node, addresses); err != nil {
		return err
	}
	if missing {
		_, err := secrets.Create(ctx, newSecret(node, password, addresses), metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) { // two machines at once: the loser is judged like any later one
			return s.Claim(ctx, node, password, addresses)
		}
		if err != nil {
			return fmt.Errorf("claiming node name %s: %w", node, err)
		}
		return nil
	}
	text := join(addresses)
	if string(secret.Data[keyAddresses]) == text {
		return nil
	}
	updated := secret.DeepCopy()
	updated.Data[keyAddresses] = []byte(text)
	if _, err := secrets.Update(ctx, updated, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("recording the addresses of node %s: %w", node, err)
	}
	return nil
}

// Free tells whether Claim would succeed, and changes nothing. An empty password is that of a machine that never joined.
func (s *Store) Free(ctx context.Context, node, password string, addresses []netip.Addr) error {
	if password == "" {
		password = "that of nobody: no hash matches it"
	}
	if err := s.judge(node, password, addresses); err != nil {
		return err
	}
	secret, err := s.client.CoreV1().Secrets(Namespace).Get(ctx, SecretName(node), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
	case err != nil:
		return fmt.Errorf("looking up node name %s: %w", node, err)
	case !matches(secret, password):
		return nameTaken(node)
	}
	return s.addressesFree(ctx, node, addresses)
}

func nameTaken(node string) error {
	return fmt.Errorf("claiming node name %s: %w; give --node-name another, or, if that machine is gone, run `kove kubectl delete node %s` and `kove kubectl -n %s delete secret %s` on a server",
		node, ErrNameTaken, node, Namespace, SecretName(node))
}

func (s *Store) judge(node, password string, addresses []netip.Addr) error {
	if len(node) > 63 || !validName.MatchString(node) {
		return fmt.Errorf("claiming node name %q: %w: it has to be at most 63 lower-case letters, digits, - and .", node, ErrBadRequest)
	}
	if len(password) < 16 {
		return fmt.Errorf("claiming node name %s: %w: the node's password is too short", node, ErrBadRequest)
	}
	if len(addresses) == 0 || len(addresses) > 32 {
		return fmt.Errorf("claiming node name %s: %w: it needs 1 to 32 addresses", node, ErrBadRequest)
	}
	for _, a := range addresses {
		if !a.IsValid() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() {
			return fmt.Errorf("claiming node name %s: %w: %s is no address of a node", node, ErrBadRequest, a)
		}
		if owner, ok := s.reserved[a]; ok && owner != node {
			return taken(a, owner)
		}
	}
	return nil
}

func taken(a netip.Addr, owner string) error {
	return fmt.Errorf("claiming address %s: %w: %s; give --node-ip another, or, if that machine is gone, run `kove kubectl delete node %s` on a server",
		a, ErrAddressTaken, owner, owner)
}

func (s *Store) addressesFree(ctx context.Context, node string, addresses []netip.Addr) error {
	list, err := s.client.CoreV1().Secrets(Namespace).List(ctx, metav1.ListOptions{LabelSelector: Label + "=true"})
	if err != nil {
		return fmt.Errorf("listing node identities: %w", err)
	}
	for i := range list.Items {
		r, ok := FromSecret(&list.Items[i])
		if !ok || r.Node == node {
			continue
		}
		for _, a := range addresses {
			if slices.Contains(r.Addresses, a) {
				return taken(a, r.Node)
			}
		}
	}
	return nil
}

// Lookup returns what is known about a node, nil when nothing is.
func (s *Store) Lookup(ctx context.Context, node string) (*Record, error) {
	secret, err := s.client.CoreV1().Secrets(Namespace).Get(ctx, SecretName(node), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the identity of node %s: %w", node, err)
	}
	r, ok := FromSecret(secret)
	if !ok {
		return nil, nil
	}
	return r, nil
}

// Release gives a name free.
func (s *Store) Release(ctx context.Context, node string) error {
	err := s.client.CoreV1().Secrets(Namespace).Delete(ctx, SecretName(node), metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("releasing node name %s: %w", node, err)
	}
	return nil
}

// FromSecret reads a record.
func FromSecret(secret *corev1.Secret) (*Record, bool) {
	node, ok := NodeOf(secret.Name)
	if !ok || secret.Type != SecretType {
		return nil, false
	}
	r := &Record{Node: node}
	for _, text := range strings.Fields(string(secret.Data[keyAddresses])) {
		if a, err := netip.ParseAddr(text); err == nil {
			r.Addresses = append(r.Addresses, a)
		}
	}
	return r, true
}

func newSecret(node, password string, addresses []netip.Addr) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: SecretName(node), Namespace: Namespace, Labels: map[string]string{Label: "true"}},
		Type:       SecretType,
		Data:       map[string][]byte{keyHash: []byte(hash(node, password)), keyAddresses: []byte(join(addresses))},
	}
}

// hash needs neither salt nor stretching against guessing, as passwords are 128 random bits; the name in it keeps equal
// passwords of cloned machines from showing.
func hash(node, password string) string {
	sum := sha256.Sum256([]byte("kove node password\x00" + node + "\x00" + password))
	return hex.EncodeToString(sum[:])
}

func matches(secret *corev1.Secret, password string) bool {
	node, ok := NodeOf(secret.Name)
	return ok && secret.Type == SecretType && subtle.ConstantTimeCompare(secret.Data[keyHash], []byte(hash(node, password))) == 1
}

func join(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.String())
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " ")
}
