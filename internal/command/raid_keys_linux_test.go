package command

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"chandy/wire"
)

// sealer writes TLS 1.3 records with keys of its own (RFC 8446, sections 5.2 and 7.3),
// because package tls cannot send key updates.
type sealer struct {
	secret   []byte
	aead     cipher.AEAD
	iv       []byte
	sequence uint64
}

// newSealer returns a sealer that goes on after the handshake of a client, whose key log it
// takes. It returns nil if the connection uses another cipher suite.
func newSealer(c *tls.Conn, log string) *sealer {
	_, secret, found := strings.Cut(log, "CLIENT_TRAFFIC_SECRET_0 ")
	if !found || c.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		return nil
	}
	words := strings.Fields(secret)
	s := &sealer{}
	s.secret, _ = hex.DecodeString(words[1])
	s.derive()
	return s
}

func (s *sealer) derive() {
	block, _ := aes.NewCipher(expandLabel(s.secret, "key", 16))
	s.aead, _ = cipher.NewGCM(block)
	s.iv, s.sequence = expandLabel(s.secret, "iv", 12), 0
}

// expandLabel is HKDF-Expand-Label with an empty context.
func expandLabel(secret []byte, label string, n int) []byte {
	label = "tls13 " + label
	info := append(binary.BigEndian.AppendUint16(nil, uint16(n)), byte(len(label)))
	key, err := hkdf.Expand(sha256.New, secret, string(info)+label+"\x00", n)
	if err != nil {
		panic(err)
	}
	return key
}

// record returns a record with content of a type.
func (s *sealer) record(b []byte, content []byte, kind byte) []byte {
	head := []byte{23, 3, 3, 0, 0}
	inner := append(bytes.Clone(content), kind)
	binary.BigEndian.PutUint16(head[3:], uint16(len(inner)+s.aead.Overhead()))
	nonce := bytes.Clone(s.iv)
	for i := range 8 {
		nonce[4+i] ^= byte(s.sequence >> (56 - 8*i))
	}
	s.sequence++
	return s.aead.Seal(append(b, head...), nonce, inner, head)
}

// keyUpdate returns a record that asks the peer to update its key too.
func (s *sealer) keyUpdate(b []byte) []byte {
	b = s.record(b, []byte{24, 0, 0, 1, 1}, 22)
	s.secret = expandLabel(s.secret, "traffic upd", 32)
	s.derive()
	return b
}

// sealed makes the handshake of a client with the lowest role. It returns nil if that fails.
func (s *stranger) sealed(r *raid) *sealer {
	var log bytes.Buffer
	config := r.lowest()
	config.KeyLogWriter = &log
	c := tls.Client(s.Conn, config)
	if c.Handshake() != nil {
		return nil
	}
	seal := newSealer(c, log.String())
	if seal == nil {
		r.t.Error("got another cipher suite, want TLS_AES_128_GCM_SHA256")
	}
	return seal
}

// lateCertificate sends the beginning of a certificate after the hello. The node must end the
// connection before it holds all of that.
func (s *stranger) lateCertificate(r *raid) {
	seal := s.sealed(r)
	if seal == nil {
		return
	}
	s.Write(seal.record(nil, wire.Append(nil, s.hello(wire.RoleControl, "", s.id)), 23))
	b := seal.record(nil, append([]byte{11, 3, 0xff, 0xff}, make([]byte, 12<<10)...), 22)
	for range 12 {
		b = seal.record(b, make([]byte, 12<<10), 22)
	}
	s.say("a late certificate of 256 KiB", b)
}

// updateKeys sends key updates until the node ends the connection, at most for 3 s. After a
// hello a request follows every ten of them, so that they count as a part of the traffic.
func (s *stranger) updateKeys(r *raid, hello bool) {
	seal := s.sealed(r)
	if seal == nil {
		return
	}
	if hello {
		s.Write(seal.record(nil, wire.Append(nil, s.hello(wire.RoleControl, "", s.id)), 23))
	}
	body, _ := wire.EncodeControl(wire.StatusRequest{})
	s.SetWriteDeadline(time.Now().Add(3 * time.Second)) // the node writes answers, which nobody reads
	for n := 0; ; n++ {
		var b []byte
		for range 10 {
			b = seal.keyUpdate(b)
		}
		if hello {
			b = seal.record(b, wire.Append(nil, wire.Request{Number: uint64(n), Body: body}), 23)
		}
		if _, err := s.Write(b); err != nil {
			return
		}
		r.count("key updates sent", 10)
		pause(r.ctx, time.Millisecond) // the raiders share the processors with the node
	}
}
