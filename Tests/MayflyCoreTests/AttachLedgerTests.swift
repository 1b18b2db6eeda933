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

    /// The crashing thread knew whose bytes it was at.
    @Test func aCrashThatNamesItsMachineSuspectsNobodyElse() {
        func after(_ guilty: String, _ ledger: AttachLedger) -> AttachLedger {
            var next = AttachLedger(text: ledger.text)
            next.take(
                over: ledger.reign + 1, afterCrash: true, guilty: [guilty], connecting: [], living: ["a", "b", "c"])
            return next
        }
        // Long after it was attached to: three times.
        var ledger = AttachLedger(reign: 1)
        for count in 1...3 {
            #expect(!ledger.isQuarantined("b"))
            ledger = after("b", ledger)
            #expect(ledger.named == ["b": count] && ledger.suspects.isEmpty && ledger.crashes.isEmpty)
        }
        #expect(ledger.isQuarantined("b") && ledger.quarantined == ["b"])
        // While several are attached to, it is known which one it was: twice.
        var attaching = AttachLedger(reign: 1)
        for _ in 1...2 {
            attaching.begin(["a", "b", "c"])
            attaching = after("b", attaching)
        }
        #expect(attaching.isQuarantined("b") && attaching.suspects.isEmpty && attaching.named.isEmpty)
        // A machine that is not there any more is nobody, and no word for another.
        let gone = after("z", AttachLedger(reign: 1))
        #expect(gone.named.isEmpty && gone.suspects.isEmpty)
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
        let text = "reign 7\nattaching mf-a\nsuspect mf-a\nsuspect mf-b\ncrashes mf-a 1\nnamed mf-c 2"
        let ledger = AttachLedger(text: text + "\nsomething newer\n")
        #expect(ledger.reign == 7 && ledger.attaching == ["mf-a"] && ledger.suspects == ["mf-a", "mf-b"])
        #expect(ledger.crashes == ["mf-a": 1] && ledger.named == ["mf-c": 2])
        #expect(ledger.text == text)
    }
}
