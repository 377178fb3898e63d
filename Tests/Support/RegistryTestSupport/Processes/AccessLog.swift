// SPDX-License-Identifier: Apache-2.0

/// The requests in docker-registry's access log.
///
/// Source: Apache's Combined Log Format.
enum AccessLog {
    static func requests(_ text: String) -> [RecordedRequest] {
        var requests: [RecordedRequest] = []
        for line in text.split(separator: "\n") {
            guard var request = request(line) else { continue }
            request.order = requests.count
            requests.append(request)
        }
        return requests
    }

    /// Parses `… "METHOD target HTTP/1.1" status bytes "referrer" "agent"`.
    private static func request(_ line: Substring) -> RecordedRequest? {
        let quoted = line.split(separator: "\"", omittingEmptySubsequences: false)
        guard quoted.count > 2 else { return nil }
        let words = quoted[1].split(separator: " ")
        let numbers = quoted[2].split(separator: " ")
        guard words.count == 3, numbers.count == 2 else { return nil }
        var request = RecordedRequest(
            method: RequestMethod(rawValue: String(words[0])), target: String(words[1]),
            headers: quoted.count > 5 ? ["User-Agent": String(quoted[5])] : [:])
        request.status = Int(numbers[0])
        // docker-registry also counts a body for HEAD, which it does not send.
        request.sentBytes = request.method == .head ? 0 : Int(numbers[1]) ?? 0
        return request
    }
}
