// SPDX-License-Identifier: Apache-2.0

internal import CMicrohttpd
internal import Glibc

/// A request from its first line to its end, stored in the connection's context pointer.
private final class Exchange {
    let target: String
    let service: any LoopbackService
    var conversation: (any Conversation)?

    init(target: String, service: any LoopbackService) {
        self.target = target
        self.service = service
    }

    static func at(_ context: UnsafeMutableRawPointer) -> Exchange {
        unsafe Unmanaged<Exchange>.fromOpaque(context).takeUnretainedValue()
    }
}

/// Called with the undecoded request target.
///
/// The return value becomes the connection's context.
func openExchange(
    _ service: UnsafeMutableRawPointer?, _ target: UnsafePointer<CChar>,
    _ connection: OpaquePointer?
) -> UnsafeMutableRawPointer? {
    guard let service = unsafe service else { return nil }
    let box = unsafe Unmanaged<ServiceBox>.fromOpaque(service).takeUnretainedValue()
    let exchange = Exchange(target: unsafe String(cString: target), service: box.service)
    return unsafe Unmanaged.passRetained(exchange).toOpaque()
}

/// Called when a request is complete, with or without a response: releases the context.
func completeExchange(
    _ service: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?, _ reason: MHD_RequestTerminationCode
) {
    guard let pointer = unsafe context?.pointee else { return }
    unsafe context?.pointee = nil
    let exchange = unsafe Unmanaged<Exchange>.fromOpaque(pointer).takeRetainedValue()
    exchange.conversation?.close()
}

/// Called for the head, for each chunk of the body, and once more at its end.
func handleAccess(
    _ service: UnsafeMutableRawPointer?, _ connection: OpaquePointer?,
    _ path: UnsafePointer<CChar>?, _ method: UnsafePointer<CChar>?,
    _ version: UnsafePointer<CChar>?, _ data: UnsafePointer<CChar>?,
    _ count: UnsafeMutablePointer<Int>?, _ context: UnsafeMutablePointer<UnsafeMutableRawPointer?>?
) -> MHD_Result {
    guard let connection = unsafe connection, let method = unsafe method,
        let count = unsafe count, let pointer = unsafe context?.pointee
    else { return .NO }
    let exchange = unsafe Exchange.at(pointer)
    let conversation: any Conversation
    if let known = exchange.conversation {
        conversation = known
    } else {
        let request = RecordedRequest(
            method: RequestMethod(rawValue: unsafe String(cString: method)),
            target: exchange.target, headers: unsafe headers(of: connection))
        conversation = exchange.service.open(request)
        exchange.conversation = conversation
        guard conversation.answersEarly else { return .YES }
    }
    if unsafe count.pointee > 0 {
        // Initializing an array from a raw buffer copies byte by byte without optimization.
        let piece = unsafe UnsafeRawBufferPointer(start: data, count: count.pointee)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: piece.count) { buffer, count in
            unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: piece)
            count = piece.count
        }
        unsafe count.pointee = 0
        return conversation.receive(bytes) ? .YES : .NO
    }
    guard let response = conversation.answer() else { return .NO }
    return unsafe queue(response, for: conversation, on: connection)
}

private final class FieldCollector {
    var fields: HeaderFields = [:]
}

private func headers(of connection: OpaquePointer) -> HeaderFields {
    let collector = FieldCollector()
    let context = unsafe Unmanaged.passUnretained(collector).toOpaque()
    _ = unsafe MHD_get_connection_values(
        connection, .HEADER_KIND,
        { context, _, name, value in
            guard let context = unsafe context, let name = unsafe name else { return .NO }
            let collector = unsafe Unmanaged<FieldCollector>.fromOpaque(context)
                .takeUnretainedValue()
            collector.fields.add(
                unsafe String(cString: name), unsafe value.map { unsafe String(cString: $0) } ?? "")
            return .YES
        }, context)
    return withExtendedLifetime(collector) { collector.fields }
}

/// The body of a response while it is sent.
private final class OutgoingBody {
    let response: ScriptedResponse
    let conversation: any Conversation

    init(_ response: ScriptedResponse, _ conversation: any Conversation) {
        self.response = response
        self.conversation = conversation
    }

    /// Returns the next bytes, or `nil` to close the connection.
    func read(from position: Int, limit: Int) -> [UInt8]? {
        var limit = limit
        if let cut = response.cut {
            guard position < cut else { return nil }
            limit = min(limit, cut - position)
        }
        var bytes = response.body.read(from: position, limit: limit)
        for flipped in response.flipped where bytes.indices.contains(flipped - position) {
            bytes[flipped - position] ^= 1
        }
        conversation.sent(bytes.count, isLast: position + bytes.count == response.body.count)
        return bytes
    }
}

private func queue(
    _ response: ScriptedResponse, for conversation: any Conversation, on connection: OpaquePointer
) -> MHD_Result {
    let body = unsafe Unmanaged.passRetained(OutgoingBody(response, conversation))
    // MHD_SIZE_UNKNOWN is a macro with a cast, which Swift does not import.
    let size = response.announcesLength ? UInt64(response.body.count) : .max
    let handle = unsafe MHD_create_response_from_callback(
        size, 1 << 18, readBody, body.toOpaque(), releaseBody)
    guard let handle = unsafe handle else {
        unsafe body.release()
        return .NO
    }
    for field in response.headers.fields {
        unsafe MHD_add_response_header(handle, field.name, field.value)
    }
    let result = unsafe MHD_queue_response(connection, UInt32(response.status), handle)
    unsafe MHD_destroy_response(handle)
    return result
}

private func readBody(
    _ context: UnsafeMutableRawPointer?, _ position: UInt64,
    _ buffer: UnsafeMutablePointer<CChar>?, _ limit: Int
) -> Int {
    let (end, error) = (-1, -2)
    guard let context = unsafe context, let buffer = unsafe buffer else { return error }
    let body = unsafe Unmanaged<OutgoingBody>.fromOpaque(context).takeUnretainedValue()
    guard let bytes = body.read(from: Int(position), limit: limit) else { return error }
    guard !bytes.isEmpty else { return end }
    unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(start: buffer, count: limit).copyMemory(from: source)
    }
    return bytes.count
}

private func releaseBody(_ context: UnsafeMutableRawPointer?) {
    guard let context = unsafe context else { return }
    unsafe Unmanaged<OutgoingBody>.fromOpaque(context).release()
}
