package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/rlp"

	"statusd/waku/wire"
)

// The bare relay passes on what it gets and does nothing else: no pool, no
// check, no memory of what went where. It shows what the machine, RLPx and
// go-ethereum's server cost, so that figures of different machines compare.

// bareQueue is how many envelopes wait for a peer before its senders do.
const bareQueue = 4096

// bareRelay is the relay in the process of its own that startBare makes.
type bareRelay struct {
	hashes bool // compute the hash and the proof of work of each envelope
	mu     sync.RWMutex
	queues map[chan []byte]bool
}

// startBare runs this program as a bare relay.
func startBare(hashes bool) (*daemon, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	d := &daemon{cmd: exec.Command(self, "-serve-bare", hex.EncodeToString(crypto.FromECDSA(key)))}
	if hashes {
		d.cmd.Args = append(d.cmd.Args, "-hashes")
	}
	d.cmd.Stderr = os.Stderr
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		d.stop()
		return nil, fmt.Errorf("the bare relay does not say its address: %w", err)
	}
	addr, err := net.ResolveTCPAddr("tcp", line[:len(line)-1])
	if err != nil {
		d.stop()
		return nil, err
	}
	d.node = enode.NewV4(&key.PublicKey, addr.IP, addr.Port, 0)
	return d, nil
}

// serveBare is a bare relay until the process is ended. It prints its address.
func serveBare(secret string, hashes bool) error {
	key, err := crypto.HexToECDSA(secret)
	if err != nil {
		return err
	}
	b := &bareRelay{hashes: hashes, queues: make(map[chan []byte]bool)}
	srv := &p2p.Server{Config: p2p.Config{
		PrivateKey: key, Name: "bare", MaxPeers: 100, MaxPendingPeers: 50, NoDiscovery: true, NoDial: true,
		ListenAddr: "127.0.0.1:0",
		Protocols:  []p2p.Protocol{{Name: wire.ProtocolName, Version: 1, Length: wire.ProtocolLength, Run: b.run}},
	}}
	if err := srv.Start(); err != nil {
		return err
	}
	fmt.Println(srv.ListenAddr)
	select {}
}

func (b *bareRelay) run(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
	go func() { _ = p2p.Send(rw, wire.CodeStatus, rlp.RawValue((&wire.StatusOptions{}).EncodeStatus(1))) }()
	_, payload, err := readBare(rw)
	if err != nil {
		return err
	}
	status, err := wire.DecodeStatus(1, payload)
	if err != nil {
		return err
	}
	if status.Topics == nil || len(status.Topics) > 0 { // else it wants nothing
		queue, done := make(chan []byte, bareQueue), make(chan struct{})
		b.join(queue, true)
		defer b.join(queue, false)
		defer close(done)
		go sendBare(rw, queue, done)
	}
	for {
		code, payload, err := readBare(rw)
		if err != nil {
			return err
		}
		if code == wire.CodeMessages {
			if err := b.pass(payload); err != nil {
				return err
			}
		}
	}
}

func (b *bareRelay) join(queue chan []byte, in bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if in {
		b.queues[queue] = true
	} else {
		delete(b.queues, queue)
	}
}

func readBare(rw p2p.MsgReadWriter) (code uint64, payload []byte, err error) {
	msg, err := rw.ReadMsg()
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, msg.Size)
	_, err = io.ReadFull(msg.Payload, payload)
	return msg.Code, payload, err
}

// pass queues the envelopes of a packet for everybody.
func (b *bareRelay) pass(payload []byte) error {
	var raws [][]byte
	if b.hashes {
		envs, err := wire.DecodeMessages(payload)
		if err != nil {
			return err
		}
		for _, e := range envs {
			if e.Hash() == (wire.Hash{}) || e.PoW(0) < 0 {
				return errors.New("impossible envelope")
			}
			raws = append(raws, e.RLP())
		}
	} else {
		list, _, err := rlp.SplitList(payload)
		if err != nil {
			return err
		}
		for len(list) > 0 {
			_, _, rest, err := rlp.Split(list)
			if err != nil {
				return err
			}
			raws, list = append(raws, list[:len(list)-len(rest)]), rest
		}
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, raw := range raws {
		for queue := range b.queues {
			queue <- raw
		}
	}
	return nil
}

// sendBare writes what is queued, as much as there is in one packet.
func sendBare(rw p2p.MsgReadWriter, queue <-chan []byte, done <-chan struct{}) {
	for {
		var packet []rlp.RawValue
		select {
		case raw := <-queue:
			size := len(raw)
			packet = append(packet, raw)
			for len(queue) > 0 && size < wire.MaxPacketSent/2 {
				raw = <-queue
				size, packet = size+len(raw), append(packet, raw)
			}
		case <-done:
			return
		}
		if err := p2p.Send(rw, wire.CodeMessages, packet); err != nil {
			// The reader ends too; until then nobody has to wait for this peer.
			for {
				select {
				case <-queue:
				case <-done:
					return
				}
			}
		}
	}
}
