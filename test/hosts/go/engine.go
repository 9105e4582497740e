// An instance of engine.wasm and its calls.

package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	abiVersion        = 2
	inputWindowBytes  = 1 << 20
	controlLayerTaken = 144
	errorField        = 4
	errorLine         = 16
)

// engine is an instance. Once the engine refuses an input, refused says so and all calls do nothing until the next reset.
type engine struct {
	module  api.Module
	refused string
}

func newEngine(wasm []byte) *engine {
	module, err := wazero.NewRuntime(context.Background()).Instantiate(context.Background(), wasm)
	if err != nil {
		log.Fatal(err)
	}
	e := &engine{module: module}
	if version := e.call("abiVersion"); version != abiVersion {
		log.Fatalf("engine.wasm has version %d of the ABI", version)
	}
	return e
}

// call enters the engine. An error of wazero is a trap, after which an instance must not be used any more.
func (e *engine) call(name string, numbers ...uint64) int32 {
	results, err := e.module.ExportedFunction(name).Call(context.Background(), numbers...)
	if err != nil {
		log.Fatalf("trap in %s: %v", name, err)
	}
	if len(results) == 0 {
		return 0
	}
	return int32(results[0])
}

// address calls what gives an address: those above 2^31 come signed.
func (e *engine) address(name string) uint32 { return uint32(e.call(name)) }

// check calls what gives a status.
func (e *engine) check(name string, numbers ...uint64) {
	if e.refused == "" {
		e.note(e.call(name, numbers...))
	}
}

// length calls what gives a number, or a status, negated.
func (e *engine) length(name string, numbers ...uint64) uint32 {
	if e.refused != "" {
		return 0
	}
	result := e.call(name, numbers...)
	if result < 0 {
		e.note(-result)
		return 0
	}
	return uint32(result)
}

func (e *engine) note(status int32) {
	if status != 0 {
		line, _ := e.module.Memory().ReadUint64Le(e.address("errorPtr") + errorLine)
		field, _ := e.module.Memory().ReadUint32Le(e.address("errorPtr") + errorField)
		e.refused = fmt.Sprintf("refused:%d:%d:%d", status, line, field)
	}
}

// read copies bytes out of memory: a view of it would be good until the next call only.
func (e *engine) read(address string, length uint32) []byte {
	view, _ := e.module.Memory().Read(e.address(address), length)
	return slices.Clone(view)
}

// write copies bytes to the input window and gives their number.
func (e *engine) write(bytes []byte) uint64 {
	e.module.Memory().Write(e.address("inputPtr"), bytes)
	return uint64(len(bytes))
}

// layerTaken gives how many bytes the last layerWrite took.
func (e *engine) layerTaken() uint64 {
	taken, _ := e.module.Memory().ReadUint64Le(e.address("controlPtr") + controlLayerTaken)
	return taken
}

// reset begins a job.
func (e *engine) reset() {
	e.call("reset", uint64(rand.Uint32()), uint64(rand.Uint32()))
	e.refused = ""
}
