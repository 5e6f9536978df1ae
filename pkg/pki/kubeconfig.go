package pki

import (
	"encoding/base64"
	"fmt"
	"strconv"
)

// Kubeconfig writes a kubeconfig that carries its credentials in itself.
func Kubeconfig(server string, ca, cert, key []byte) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: default
  context:
    cluster: default
    user: default
current-context: default
`, strconv.Quote(server), b64(ca), b64(cert), b64(key))
}

// KubeconfigFiles writes a kubeconfig that names files, which clients read again when they change.
func KubeconfigFiles(server, ca, cert, key string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %s
    certificate-authority: %s
users:
- name: default
  user:
    client-certificate: %s
    client-key: %s
contexts:
- name: default
  context:
    cluster: default
    user: default
current-context: default
`, strconv.Quote(server), strconv.Quote(ca), strconv.Quote(cert), strconv.Quote(key))
}
