// Package lflow is the model of a logical flow: stages, registers, priorities and the flow itself.
//
// It owns the pipeline order (stage.go), the one place where a table number appears; the names of registers
// (register.go); and the identity of a flow (Flow.ID), a hash of its content that does not depend on the process, so that
// a restart finds every row where it left it. It knows neither views nor databases and imports only the standard library.
package lflow
