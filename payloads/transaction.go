package payloads

import (
	"math"
	"strconv"
	"strings"

	"statusd/payloads/internal/pb"
)

// Transaction is one of the six transaction commands (spec 05 section 10.5).
// Which fields a command carries:
//
//	request address         Value Contract
//	accept request address  ID Address
//	decline request address ID
//	request transaction     Address Value Contract
//	send transaction        ID Hash Signature
//	decline request         ID
type Transaction struct {
	Command   Type
	Clock     uint64
	ID        string
	Value     string
	Contract  string
	Address   string
	Hash      string
	Signature []byte
}

// Type implements Body.
func (t *Transaction) Type() Type { return t.Command }

func (t *Transaction) clocks() ([]uint64, bool) { return []uint64{t.Clock}, false }

// Validate implements Body.
func (t *Transaction) Validate() error {
	if err := needClock(t.Clock); err != nil {
		return err
	}
	value := t.Command == TypeRequestAddress || t.Command == TypeRequestTransaction
	address := t.Command == TypeAcceptRequestAddress || t.Command == TypeRequestTransaction
	answer := t.Command == TypeAcceptRequestAddress || t.Command == TypeDeclineRequestAddress ||
		t.Command == TypeDeclineRequestTransaction
	sent := t.Command == TypeSendTransaction
	switch {
	case !value && !address && !answer && !sent:
		return broken(RuleTransaction, "%d is no transaction command", t.Command)
	case value && !isNumber(t.Value):
		return broken(RuleTransaction, "the value of the transaction is not a number")
	case address && strings.TrimSpace(t.Address) == "":
		return broken(RuleTransaction, "the address is empty")
	case answer && t.ID == "":
		return broken(RuleTransaction, "the answer names no request")
	case sent && strings.TrimSpace(t.Hash) == "":
		return broken(RuleTransaction, "the transaction has no hash")
	case sent && len(t.Signature) == 0:
		return broken(RuleTransaction, "the transaction has no signature")
	}
	return nil
}

func isNumber(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}

func (t *Transaction) encode() ([]byte, error) {
	switch t.Command {
	case TypeRequestAddress:
		return marshal(&pb.RequestAddressForTransaction{Clock: t.Clock, Value: t.Value, Contract: t.Contract})
	case TypeAcceptRequestAddress:
		return marshal(&pb.AcceptRequestAddressForTransaction{Clock: t.Clock, Id: t.ID, Address: t.Address})
	case TypeDeclineRequestAddress:
		return marshal(&pb.DeclineRequestAddressForTransaction{Clock: t.Clock, Id: t.ID})
	case TypeRequestTransaction:
		return marshal(&pb.RequestTransaction{
			Clock: t.Clock, Address: t.Address, Value: t.Value, Contract: t.Contract,
		})
	case TypeSendTransaction:
		return marshal(&pb.SendTransaction{
			Clock: t.Clock, Id: t.ID, TransactionHash: t.Hash, Signature: t.Signature,
		})
	default:
		return marshal(&pb.DeclineRequestTransaction{Clock: t.Clock, Id: t.ID})
	}
}

func requestAddressOf(m *pb.RequestAddressForTransaction) *Transaction {
	return &Transaction{
		Command: TypeRequestAddress, Clock: m.GetClock(), Value: m.GetValue(), Contract: m.GetContract(),
	}
}

func acceptRequestAddressOf(m *pb.AcceptRequestAddressForTransaction) *Transaction {
	return &Transaction{
		Command: TypeAcceptRequestAddress, Clock: m.GetClock(), ID: m.GetId(), Address: m.GetAddress(),
	}
}

func declineRequestAddressOf(m *pb.DeclineRequestAddressForTransaction) *Transaction {
	return &Transaction{Command: TypeDeclineRequestAddress, Clock: m.GetClock(), ID: m.GetId()}
}

func requestTransactionOf(m *pb.RequestTransaction) *Transaction {
	return &Transaction{
		Command: TypeRequestTransaction, Clock: m.GetClock(), Address: m.GetAddress(), Value: m.GetValue(),
		Contract: m.GetContract(),
	}
}

func sendTransactionOf(m *pb.SendTransaction) *Transaction {
	return &Transaction{
		Command: TypeSendTransaction, Clock: m.GetClock(), ID: m.GetId(), Hash: m.GetTransactionHash(),
		Signature: m.GetSignature(),
	}
}

func declineRequestTransactionOf(m *pb.DeclineRequestTransaction) *Transaction {
	return &Transaction{Command: TypeDeclineRequestTransaction, Clock: m.GetClock(), ID: m.GetId()}
}
