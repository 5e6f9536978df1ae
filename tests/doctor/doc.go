// Package doctor runs `kove doctor` on hosts made of namespaces that have one thing wrong.
//
// testdata/*.txtar are the cases: what is wrong (shell run in the host, and in the fabric that it is plugged into), how the
// doctor is called, and what it must find beside what it finds on the same host before. The server to join is the real join
// endpoint (pkg/pki/join) over real TLS, without the rest of a server. What only hardware or another kernel can show has a
// machine in pkg/doctor/testdata instead; docs/doctor.md lists which finding has which.
package doctor
