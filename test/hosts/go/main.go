// Drives engine.wasm from Go, through wazero: dumpfiles and layers in, digests out.
//
// Follows build/abi.md, from which the numbers are copied; ../README.md has the form of jobs and answers.
//
//	composefs-wasm-host ENGINE < JOBS > ANSWERS
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"log"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	abiVersion        = 2
	inputWindowBytes  = 1 << 20
	controlLayerTaken = 144
	errorField        = 4
	errorLine         = 16
	layerBothHashes   = 1 | 2
	blockBits         = 12
)

type hash struct {
	name                 string
	algorithm, mergeFlag uint64
}

var hashes = []hash{{"sha256", 1, 0}, {"sha512", 2, 1}}

// engine is an instance. Once the engine refuses an input, refused says so and all calls do nothing until the next reset.
type engine struct {
	module  api.Module
	refused string
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

func (e *engine) reset() {
	e.call("reset", uint64(rand.Uint32()), uint64(rand.Uint32()))
	e.refused = ""
}

func (e *engine) readDump(file string) {
	e.reset()
	e.check("dumpBegin", 0)
	for piece := range pieces(file) {
		e.check("dumpWrite", e.write(piece))
	}
	e.check("dumpEnd")
}

// readLayer gives the records of a layer, in pieces that mergeWrite takes as they are.
func (e *engine) readLayer(file string) (records [][]byte) {
	e.reset()
	e.check("layerBegin", layerBothHashes)
	for piece := range pieces(file) {
		length := e.write(piece)
		for from := uint64(0); from < length && e.refused == ""; {
			records = append(records, e.read("outputPtr", e.length("layerWrite", from, length-from)))
			taken, _ := e.module.Memory().ReadUint64Le(e.address("controlPtr") + controlLayerTaken)
			from += taken
		}
	}
	e.check("layerEnd")
	return records
}

// merge makes one tree of layers, base first.
func (e *engine) merge(layers [][][]byte, flags uint64) {
	e.reset()
	e.check("mergeBegin", flags)
	for _, records := range layers {
		e.check("mergeLayer")
		for _, piece := range records {
			e.check("mergeWrite", e.write(piece))
		}
	}
	e.check("mergeEnd")
}

// imageDigests writes an image of the tree in each format, for its digests alone: a verity slot for each hash.
func (e *engine) imageDigests(hashes []hash) (answers []string) {
	for format := uint64(0); format <= 2; format++ {
		if e.check("imageOpen", format); e.refused != "" {
			answers = append(answers, fmt.Sprintf("v%d:%s", format, e.refused))
			e.refused = "" // The tree is as it was.
			continue
		}
		for slot, hash := range hashes {
			e.check("verityOpen", uint64(slot), hash.algorithm, blockBits, 0)
		}
		for e.length("imageRead", 1<<len(hashes)-1) > 0 {
		}
		for slot, hash := range hashes {
			digest := e.read("digestPtr", e.length("verityClose", uint64(slot)))
			answers = append(answers, fmt.Sprintf("v%d-%s-%d:%x", format, hash.name, blockBits, digest))
		}
	}
	return answers
}

// answer does a job: "dump FILE" or "layers FLAGS FILE…".
func (e *engine) answer(job string) (answers []string) {
	words := strings.Fields(job)
	if words[0] == "dump" {
		if e.readDump(words[1]); e.refused != "" {
			return []string{e.refused}
		}
		return e.imageDigests(hashes)
	}
	flags, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		log.Fatal(err)
	}
	var layers [][][]byte
	for _, file := range words[2:] {
		if layers = append(layers, e.readLayer(file)); e.refused != "" {
			return []string{e.refused}
		}
	}
	for i, hash := range hashes {
		if e.merge(layers, flags|hash.mergeFlag); e.refused != "" {
			return []string{e.refused}
		}
		answers = append(answers, e.imageDigests(hashes[i:i+1])...)
	}
	return answers
}

// pieces gives a file in pieces that the input window can hold.
func pieces(file string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		input, err := os.Open(file)
		if err != nil {
			log.Fatal(err)
		}
		defer input.Close()
		buffer := make([]byte, inputWindowBytes)
		for err == nil {
			var length int
			if length, err = io.ReadFull(input, buffer); length > 0 && !yield(buffer[:length]) {
				return
			}
		}
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			log.Fatal(err)
		}
	}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: composefs-wasm-host ENGINE < JOBS > ANSWERS")
	}
	wasm, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	module, err := wazero.NewRuntime(context.Background()).Instantiate(context.Background(), wasm)
	if err != nil {
		log.Fatal(err)
	}
	e := engine{module: module}
	if version := e.call("abiVersion"); version != abiVersion {
		log.Fatalf("engine.wasm has version %d of the ABI", version)
	}
	for jobs := bufio.NewScanner(os.Stdin); jobs.Scan(); {
		for _, answer := range e.answer(jobs.Text()) {
			fmt.Printf("%s  %s\n", answer, jobs.Text())
		}
	}
}
