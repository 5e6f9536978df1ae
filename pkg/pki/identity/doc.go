// Package identity keeps who a node is: one Secret per node name with the hash of the password that the machine drew at
// its first join, and the addresses it may have certificates for.
//
// Invariants: a name belongs to the machine that first joined under it until its Node object is deleted; an address
// belongs to one name at a time; the password itself is stored nowhere but on its machine.
//
// The join endpoint claims identities, the approval of certificate requests looks them up. Nothing else writes them.
package identity
