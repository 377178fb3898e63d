// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives

/// A request to a loopback registry, with the faults that apply to it.
final class RegistryConversation: Conversation {
    /// The time limit for a delayed request, so that a broken test ends.
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
            case .answer(let response): return .response(response)
            case .answerEarly(let response):
                answersEarly = true
                return .response(response)
            case .forgetUpload:
                if case .upload(_, let id) = Route(path: request.path) {
                    service.model.withLock { $0.uploads[id] = nil }
                }
            default: break
            }
        }
        if let response = service.earlyResponse(to: request) { return .response(response) }
        if let response = service.emulatedResponse(to: request) {
            answersEarly = true
            return .response(response)
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
        case .response: break
        case .collected: collected += bytes
        case .appended(let session): session.append(bytes)
        }
        return !isDropped && !drops
    }

    private var drops: Bool {
        faults.contains { if case .drop = $0 { true } else { false } }
    }

    func answer() -> ScriptedResponse? {
        guard !drops else { return nil }
        hold()
        var response: ScriptedResponse
        switch admission {
        case .response(let early): response = early
        case .collected: response = service.answer(request, body: collected, upload: nil)
        case .appended(let session): response = service.answer(request, body: [], upload: session)
        }
        response = service.amended(response, to: request)
        var answers = true
        for fault in faults { answers = apply(fault, to: &response) && answers }
        service.audit(after: request)
        guard answers else { return nil }
        let status = response.status
        service.ledger.update(request.order) { $0.status = status }
        if response.body.count == 0 || request.method == .head { finish() }
        return response
    }

    /// Waits for gates and for other requests.
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

    /// Applies faults to a response; returns `false` if it is not sent.
    private func apply(_ fault: Fault, to response: inout ScriptedResponse) -> Bool {
        switch fault {
        case .dropAnswer: return false
        case .cutBody(let position): response.cut = position
        case .flipByte(let position): response.flipped.insert(position)
        case .replaceBody(let body): response.body = body
        case .setHeader(let name, let value): response.headers[name] = value
        case .setStatus(let status): response.status = status
        case .amend(let change): change(&response)
        case .omitLength: response.announcesLength = false
        case .loseBlob, .loseManifest: service.undo(fault, request, response)
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
