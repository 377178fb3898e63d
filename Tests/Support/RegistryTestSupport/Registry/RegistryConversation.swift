// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// One request to a loopback registry, with the faults that befall it.
final class RegistryConversation: Conversation {
    /// How long a held request waits at most, so that a broken test ends with an answer.
    private static let patience = 240

    private let request: RecordedRequest
    private let faults: [Fault]
    private let service: RegistryService
    private var admission = RegistryModel.Admission.collected
    private var collected: [UInt8] = []
    private var received = 0
    private var isOver = false
    private(set) var answersEarly = false

    init(_ request: RecordedRequest, _ faults: [Fault], _ service: RegistryService) {
        self.request = request
        self.faults = faults
        self.service = service
        admission = admit()
    }

    private func admit() -> RegistryModel.Admission {
        for fault in faults {
            switch fault {
            case .answer(let reply): return .refused(reply)
            case .answerEarly(let reply):
                answersEarly = true
                return .refused(reply)
            case .forgetUpload:
                if case .upload(_, let id) = Route(path: request.path) {
                    service.model.withLock { $0.uploads[id] = nil }
                }
            default: break
            }
        }
        if let refusal = service.refusal(of: request) { return .refused(refusal) }
        if let refusal = service.houseRefusal(of: request) {
            answersEarly = true
            return .refused(refusal)
        }
        return service.model.withLock { $0.admit(request) }
    }

    func receive(_ bytes: [UInt8]) -> Bool {
        var bytes = bytes
        var isDropped = false
        for case .dropUpload(let limit) in faults where received + bytes.count > limit {
            bytes = Array(bytes.prefix(max(0, limit - received)))
            isDropped = true
        }
        received += bytes.count
        service.ledger.update(request.order) { $0.receivedBytes = received }
        switch admission {
        case .refused: break
        case .collected: collected += bytes
        case .appended(let session): session.append(bytes)
        }
        return !isDropped && !drops
    }

    private var drops: Bool {
        faults.contains { if case .drop = $0 { true } else { false } }
    }

    func answer() -> Reply? {
        guard !drops else { return nil }
        hold()
        var reply: Reply
        switch admission {
        case .refused(let refusal): reply = refusal
        case .collected: reply = service.answer(request, body: collected, upload: nil)
        case .appended(let session): reply = service.answer(request, body: [], upload: session)
        }
        reply = service.amended(reply, to: request)
        var answers = true
        for fault in faults { answers = apply(fault, to: &reply) && answers }
        service.audit(after: request)
        guard answers else { return nil }
        let status = reply.status
        service.ledger.update(request.order) { $0.status = status }
        if reply.body.count == 0 || request.method == .head { finish() }
        return reply
    }

    /// Waits at gates and for other requests.
    private func hold() {
        for fault in faults {
            let gate: Gate
            switch fault {
            case .stall(let given): gate = given
            case .waitFor(let pattern):
                gate = Gate()
                service.ledger.watch(for: pattern, count: 1) { [gate] in gate.open() }
            default: continue
            }
            _ = gate.wait(orUntil: service.stopping, seconds: Self.patience)
        }
    }

    /// Spoils an answer; returns false where it is not sent at all.
    private func apply(_ fault: Fault, to reply: inout Reply) -> Bool {
        switch fault {
        case .dropAnswer: return false
        case .cutBody(let position): reply.cut = position
        case .flipByte(let position): reply.flipped.insert(position)
        case .replaceBody(let body): reply.body = body
        case .setHeader(let name, let value): reply.headers[name] = value
        case .setStatus(let status): reply.status = status
        case .omitLength: reply.announcesLength = false
        case .loseBlob, .loseManifest: service.undo(fault, request, reply)
        case .answer, .answerEarly, .drop, .dropUpload, .forgetUpload, .stall, .waitFor: break
        }
        return true
    }

    func sent(_ count: Int, isLast: Bool) {
        service.ledger.update(request.order) { $0.sentBytes += count }
        if isLast { finish() }
    }

    func close() {
        finish()
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        service.ledger.end()
    }
}
