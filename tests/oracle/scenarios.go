package oracle

// notYet lists the golden scenarios that kove does not make equal to stock, with what is missing. TestGolden fails when a
// listed scenario has become equal, and when one that is not listed differs.
var notYet = map[string]string{}

// notYetReplayed lists those that equal stock when northd starts on the finished databases, but not when their commands
// come one by one. TestReplay fails when one of them has become equal.
var notYetReplayed = map[string]string{}
