import MayflyCore
import Testing

@Suite struct AttachLedgerTests {
    private func after(_ crash: Bool, _ ledger: AttachLedger, connecting: [String] = [], living: [String])
        -> AttachLedger
    {
        var next = AttachLedger(text: ledger.text)
        next.take(over: ledger.reign + 1, afterCrash: crash, connecting: connecting, living: living)
        return next
    }

    @Test func oneThatWasAloneIsCountedAndSeveralAreOnlySuspected() {
        var ledger = AttachLedger(reign: 1)
        ledger.begin(["a", "b", "c"])
        ledger = after(true, ledger, living: ["a", "b", "c"])
        #expect(ledger.suspects == ["a", "b", "c"] && ledger.crashes.isEmpty && ledger.attaching.isEmpty)
        ledger.begin(["b"])
        ledger = after(true, ledger, living: ["a", "b", "c"])
        #expect(ledger.suspects == ["b"] && ledger.crashes == ["b": 1] && !ledger.isQuarantined("b"))
        ledger.begin(["b"])
        ledger = after(true, ledger, living: ["a", "b", "c"])
        #expect(ledger.isQuarantined("b") && ledger.suspects.isEmpty)
        // Its machine is gone: nothing is said of it any more.
        #expect(after(false, ledger, living: ["a"]).crashes.isEmpty)
    }

    @Test func aKilledKeeperAccusesNobodyAndKeepsWhatIsKnown() {
        var ledger = AttachLedger(reign: 1)
        ledger.begin(["a", "b"])
        ledger = after(true, ledger, living: ["a", "b"])
        ledger.begin(["a"])
        ledger = after(false, ledger, living: ["a", "b"])
        #expect(ledger.suspects == ["a", "b"] && ledger.crashes.isEmpty)
        ledger.survived(["a"])
        #expect(ledger.suspects == ["b"])
    }

    @Test func aFirstLoginNeedsNoMark() {
        let ledger = after(true, AttachLedger(reign: 1), connecting: ["a"], living: ["a", "b"])
        #expect(ledger.crashes == ["a": 1] && ledger.suspects == ["a"])
    }

    @Test func whoWaitsWhileAnotherIsTriedIsNotAccusedWithIt() {
        var ledger = after(true, AttachLedger(reign: 1), connecting: ["a", "b"], living: ["a", "b"])
        #expect(ledger.suspects == ["a", "b"])
        // Both are still to be logged in to, and only one is tried.
        ledger.begin(["a"])
        ledger = after(true, ledger, connecting: ["a", "b"], living: ["a", "b"])
        #expect(ledger.crashes == ["a": 1] && ledger.suspects == ["a"])
    }

    @Test func manySuspectsAreHalvedAndFewAreTriedAlone() {
        #expect(AttachLedger.nextGroup(of: (0..<100).map(String.init)).count == 50)
        #expect(AttachLedger.nextGroup(of: ["a", "b", "c"]) == ["a"])
        #expect(AttachLedger.nextGroup(of: []).isEmpty)
    }

    @Test func itsStoredFormStays() {
        let text = "reign 7\nattaching mf-a\nsuspect mf-a\nsuspect mf-b\ncrashes mf-a 1"
        let ledger = AttachLedger(text: text + "\nsomething newer\n")
        #expect(ledger.reign == 7 && ledger.attaching == ["mf-a"] && ledger.suspects == ["mf-a", "mf-b"])
        #expect(ledger.crashes == ["mf-a": 1])
        #expect(ledger.text == text)
    }
}
