// Package central is OVN's central part as one component: the northbound and southbound databases, their servers, northd.
//
// It owns the data files DIR/nb.db and DIR/sb.db, their locks and the sockets of the remotes. NB acknowledges a transaction
// when it is on disk; SB syncs in batches, except where a transaction asks for more, because northd can compute the rest
// anew. In-process users get the databases themselves through NB and SB.
//
// It links no Kubernetes, so that cmd/ovn-central stays small.
package central
