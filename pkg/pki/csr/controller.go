package csr

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	certlisters "k8s.io/client-go/listers/certificates/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/kove-io/kove/pkg/pki"
	"github.com/kove-io/kove/pkg/pki/identity"
	"github.com/kove-io/kove/pkg/pki/join"
)

// chassisLife is the life of a chassis certificate; join.Rotation replaces it in its last quarter.
const chassisLife = 365 * 24 * time.Hour

// orphanAge is how old an identity without a Node has to be to be given free at start: a joining node has one before it
// registers.
const orphanAge = time.Hour

// Controller decides about certificate requests. It is a supervise.Component.
type Controller struct {
	client     kubernetes.Interface
	identities *identity.Store
	ovnCA      *pki.Authority
	log        *slog.Logger
	now        func() time.Time
}

// New returns the component. client has to be allowed to approve for all signers and to sign for kove.io/ovn-chassis.
func New(client kubernetes.Interface, identities *identity.Store, ovnCA *pki.Authority, log *slog.Logger) *Controller {
	return &Controller{client: client, identities: identities, ovnCA: ovnCA, log: log.With("component", "node-certificates"), now: time.Now}
}

// Name implements supervise.Component.
func (c *Controller) Name() string { return "node-certificates" }

// task is one thing to look at: a request by name, or the name of a node that may be gone.
type task struct {
	kind taskKind
	name string
}

type taskKind int

const (
	requestTask taskKind = iota
	nodeTask
)

// Run implements supervise.Component. It needs a ready API server; it is ready when the permissions of joining nodes are in
// place and all requests are known.
func (c *Controller) Run(ctx context.Context, ready func()) error {
	if err := c.ensureAccess(ctx); err != nil {
		return err
	}
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[task](100*time.Millisecond, time.Minute))
	factory := informers.NewSharedInformerFactory(c.client, 0)
	requests, nodes := factory.Certificates().V1().CertificateSigningRequests(), factory.Core().V1().Nodes()
	add := func(kind taskKind) func(any) {
		return func(o any) {
			if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(o); err == nil {
				queue.Add(task{kind, key})
			}
		}
	}
	onRequest := add(requestTask)
	if _, err := requests.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: onRequest, UpdateFunc: func(_, o any) { onRequest(o) }}); err != nil {
		return fmt.Errorf("watching certificate requests: %w", err)
	}
	if _, err := nodes.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{DeleteFunc: add(nodeTask)}); err != nil {
		return fmt.Errorf("watching nodes: %w", err)
	}
	factory.Start(ctx.Done())
	defer factory.Shutdown() // waits for the informers' goroutines
	if !cache.WaitForCacheSync(ctx.Done(), requests.Informer().HasSynced, nodes.Informer().HasSynced) {
		return ctx.Err()
	}
	if err := c.enqueueOrphans(ctx, nodes.Lister(), queue); err != nil {
		return err
	}
	var worker sync.WaitGroup
	worker.Add(1)
	go func() {
		defer worker.Done()
		c.work(ctx, queue, requests.Lister(), nodes.Lister())
	}()
	ready()
	<-ctx.Done()
	queue.ShutDown()
	worker.Wait()
	return ctx.Err()
}

func (c *Controller) work(ctx context.Context, queue workqueue.TypedRateLimitingInterface[task], requests certlisters.CertificateSigningRequestLister, nodes corelisters.NodeLister) {
	for {
		t, stop := queue.Get()
		if stop {
			return
		}
		var err error
		if t.kind == requestTask {
			err = c.request(ctx, requests, t.name)
		} else {
			err = c.releaseIfGone(ctx, nodes, t.name)
		}
		if err != nil && ctx.Err() == nil {
			c.log.Warn("trying again", "object", t.name, "err", err)
			queue.AddRateLimited(t)
		} else {
			queue.Forget(t)
		}
		queue.Done(t)
	}
}

// request moves one request a step: to a verdict, or from approval to a certificate.
func (c *Controller) request(ctx context.Context, requests certlisters.CertificateSigningRequestLister, name string) error {
	r, err := requests.Get(name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading certificate request %s: %w", name, err)
	}
	if !handled(r.Spec.SignerName) {
		return nil
	}
	switch approved, denied := state(r); {
	case denied:
		return nil
	case !approved:
		return c.decide(ctx, r)
	case r.Spec.SignerName == join.ChassisSigner && len(r.Status.Certificate) == 0:
		return c.sign(ctx, r)
	}
	return nil
}

func state(r *certificatesv1.CertificateSigningRequest) (approved, denied bool) {
	for _, cond := range r.Status.Conditions {
		switch cond.Type {
		case certificatesv1.CertificateApproved:
			approved = true
		case certificatesv1.CertificateDenied, certificatesv1.CertificateFailed:
			denied = true
		}
	}
	return approved, denied
}

func (c *Controller) judge(ctx context.Context, spec *certificatesv1.CertificateSigningRequestSpec) (Verdict, error) {
	node, _, ok := requester(spec)
	if !ok {
		return Judge(spec, nil), nil
	}
	record, err := c.identities.Lookup(ctx, node)
	if err != nil {
		return Verdict{}, err
	}
	return Judge(spec, record), nil
}

func (c *Controller) decide(ctx context.Context, r *certificatesv1.CertificateSigningRequest) error {
	v, err := c.judge(ctx, &r.Spec)
	if err != nil {
		return err
	}
	condition := certificatesv1.CertificateSigningRequestCondition{Type: certificatesv1.CertificateApproved, Status: corev1.ConditionTrue,
		Reason: "NodeIdentity", Message: "kove: this node's own name and addresses"}
	if v.Denied != "" {
		condition.Type, condition.Message = certificatesv1.CertificateDenied, "kove: "+v.Denied
	}
	updated := r.DeepCopy()
	updated.Status.Conditions = append(updated.Status.Conditions, condition)
	if _, err := c.client.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, r.Name, updated, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("deciding about certificate request %s: %w", r.Name, err)
	}
	if v.Denied != "" {
		c.log.Warn("denied a certificate", "node", v.Node, "request", r.Name, "signer", r.Spec.SignerName, "user", r.Spec.Username, "why", v.Denied)
	} else {
		c.log.Info("approved a certificate", "node", v.Node, "request", r.Name, "signer", r.Spec.SignerName)
	}
	return nil
}

// sign judges again: an administrator may have approved by hand what no chassis may have.
func (c *Controller) sign(ctx context.Context, r *certificatesv1.CertificateSigningRequest) error {
	v, err := c.judge(ctx, &r.Spec)
	if err != nil {
		return err
	}
	updated := r.DeepCopy()
	if v.Denied != "" {
		updated.Status.Conditions = append(updated.Status.Conditions, certificatesv1.CertificateSigningRequestCondition{
			Type: certificatesv1.CertificateFailed, Status: corev1.ConditionTrue, Reason: "NodeIdentity", Message: "kove: " + v.Denied})
	} else {
		request, err := parse(r.Spec.Request)
		if err != nil {
			return err
		}
		_, cert, err := c.ovnCA.Sign(pki.Request{CommonName: v.Node, Usages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, Life: chassisLife}, request.PublicKey, c.now())
		if err != nil {
			return err
		}
		updated.Status.Certificate = cert
	}
	if _, err := c.client.CertificatesV1().CertificateSigningRequests().UpdateStatus(ctx, updated, metav1.UpdateOptions{}); err != nil {
		return fmt.Errorf("signing certificate request %s: %w", r.Name, err)
	}
	return nil
}

// releaseIfGone gives a node name free once its Node object is deleted.
func (c *Controller) releaseIfGone(ctx context.Context, nodes corelisters.NodeLister, node string) error {
	if _, err := nodes.Get(node); !apierrors.IsNotFound(err) {
		return nil // it is back already
	}
	if err := c.identities.Release(ctx, node); err != nil {
		return err
	}
	c.log.Info("released the name of a deleted node", "node", node)
	return nil
}

// enqueueOrphans finds identities whose Node was deleted while nobody watched.
func (c *Controller) enqueueOrphans(ctx context.Context, nodes corelisters.NodeLister, queue workqueue.TypedRateLimitingInterface[task]) error {
	secrets, err := c.client.CoreV1().Secrets(identity.Namespace).List(ctx, metav1.ListOptions{LabelSelector: identity.Label + "=true"})
	if err != nil {
		return fmt.Errorf("listing node identities: %w", err)
	}
	for i := range secrets.Items {
		s := &secrets.Items[i]
		r, ok := identity.FromSecret(s)
		if !ok || c.now().Sub(s.CreationTimestamp.Time) < orphanAge {
			continue
		}
		if _, err := nodes.Get(r.Node); apierrors.IsNotFound(err) {
			queue.Add(task{nodeTask, r.Node})
		}
	}
	return nil
}

// ensureAccess lets bootstrap users create certificate requests, and nodes read what kube-proxy needs, as it runs with the
// node's identity.
func (c *Controller) ensureAccess(ctx context.Context) error {
	for _, b := range []struct{ name, group, role string }{
		{"kove:node-bootstrapper", join.BootstrapGroup, "system:node-bootstrapper"},
		{"kove:node-proxier", nodesGroup, "system:node-proxier"},
	} {
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: b.name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: b.role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: b.group}},
		}
		_, err := c.client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("letting group %s use role %s: %w", b.group, b.role, err)
		}
	}
	return nil
}
