-- pearp.lua: a Wireshark and tshark dissector for PE-ARP, the ARP that carries ports (seen with version 4.0).
-- In: frames of EtherType 0x88B5, or 0x0806 (encap = arp), with ar$hrd 1 and ar$pro 0x88B5. Out: a tree of fields
-- pearp.*, an Info column, and an expert info for all that pearpd refuses as malformed.
-- Never: touches others' frames of either EtherType; judges what needs the bridge's table, or an AUTH, which needs a key.
--
-- Use: tshark -X lua_script:pearp.lua ..., or copy it to the personal Lua plugin folder (Help > About > Folders).

set_plugin_info({ version = "1", description = "PE-ARP, the ARP of hosts that share an IPv4 address" })

local pearp = Proto("pearp", "Port-Extended ARP")

local ETHERTYPE_ARP, ETHERTYPE_PEARP = 0x0806, 0x88b5
local FIXED_BYTES, TLVS_MAX_BYTES = 54, 512
local REQUEST, REPLY, CLAIM, RELEASE, CONFLICT, HELLO = 1, 2, 3, 4, 5, 6
local OP_EXP1, OP_EXP2 = 24, 25
local SKIPPED_FROM, SERVICE, AUTH = 0x40, 0x40, 0x7f
local SPANS_SHOWN = 4

local TYPES = {
    [REQUEST] = "REQUEST", [REPLY] = "REPLY", [CLAIM] = "CLAIM",
    [RELEASE] = "RELEASE", [CONFLICT] = "CONFLICT", [HELLO] = "HELLO",
}
local OPERATIONS = { [OP_EXP1] = "OP_EXP1", [OP_EXP2] = "OP_EXP2" }
local OPERATION_OF = {
    [REQUEST] = OP_EXP1, [HELLO] = OP_EXP1, [REPLY] = OP_EXP2, [CLAIM] = OP_EXP2, [RELEASE] = OP_EXP2, [CONFLICT] = OP_EXP2,
}
local PROTOCOLS = { [0] = "any with ports", [6] = "TCP", [17] = "UDP", [33] = "DCCP", [132] = "SCTP", [136] = "UDP-Lite" }
local TLV_TYPES = { [1] = "PSID", [2] = "GATEWAY", [3] = "SEQ", [4] = "SHARED-MAC", [SERVICE] = "SERVICE", [AUTH] = "AUTH" }

-- Fields ------------------------------------------------------------------------------------------------------------

local f = {
    hrd = ProtoField.uint16("pearp.hrd", "Hardware type", base.DEC, { [1] = "Ethernet" }),
    pro = ProtoField.uint16("pearp.pro", "Protocol type", base.HEX, { [ETHERTYPE_PEARP] = "PE-ARP" }),
    hln = ProtoField.uint8("pearp.hln", "Hardware address length"),
    pln = ProtoField.uint8("pearp.pln", "Protocol address length"),
    op = ProtoField.uint16("pearp.op", "Operation", base.DEC, OPERATIONS),
    sha = ProtoField.ether("pearp.sha", "Sender MAC address"),
    tha = ProtoField.ether("pearp.tha", "Target MAC address"),
    version = ProtoField.uint8("pearp.version", "Version"),
    type = ProtoField.uint8("pearp.type", "Type", base.DEC, TYPES),
    lifetime = ProtoField.uint16("pearp.lifetime", "Lifetime"),
    nonce = ProtoField.uint64("pearp.nonce", "Nonce"),
    ext_len = ProtoField.uint16("pearp.ext_len", "Length of the TLVs"),
    tlv = ProtoField.bytes("pearp.tlv", "TLV"),
    tlv_type = ProtoField.uint8("pearp.tlv.type", "Type", base.HEX, TLV_TYPES),
    tlv_length = ProtoField.uint8("pearp.tlv.length", "Length"),
    tlv_value = ProtoField.bytes("pearp.tlv.value", "Value"),
    psid_offset = ProtoField.uint8("pearp.psid.offset", "Offset"),
    psid_length = ProtoField.uint8("pearp.psid.length", "PSID length"),
    psid = ProtoField.uint16("pearp.psid", "PSID", base.HEX),
    psid_ports = ProtoField.string("pearp.psid.ports", "Port set"),
    gateway = ProtoField.ipv4("pearp.gateway", "Gateway"),
    gateway_mac = ProtoField.ether("pearp.gateway.mac", "Gateway MAC address"),
    seq = ProtoField.uint64("pearp.seq", "Sequence number"),
    shared_mac = ProtoField.ether("pearp.shared_mac", "MAC address of the shared address"),
    service_protocol = ProtoField.uint8("pearp.service.protocol", "Protocol", base.DEC, PROTOCOLS),
    service_port = ProtoField.uint16("pearp.service.port", "Port"),
    service_name = ProtoField.string("pearp.service.name", "Name"),
    auth_key_id = ProtoField.uint32("pearp.auth.key_id", "Key id"),
    auth_mac = ProtoField.bytes("pearp.auth.mac", "HMAC-SHA-256-128"),
    padding = ProtoField.bytes("pearp.padding", "Padding"),
    reply_in = ProtoField.framenum("pearp.reply_in", "Reply in", base.NONE, frametype.RESPONSE),
    reply_to = ProtoField.framenum("pearp.reply_to", "Reply to", base.NONE, frametype.REQUEST),
    reply_time = ProtoField.relative_time("pearp.reply_time", "Time since the request"),
}

-- spa and tpa: the same five fields each.
local function port_address_fields(name, whose)
    local prefix = "pearp." .. name
    return {
        whole = ProtoField.string(prefix, whose .. " port address"),
        address = ProtoField.ipv4(prefix .. ".address", "Address"),
        protocol = ProtoField.uint8(prefix .. ".protocol", "Protocol", base.DEC, PROTOCOLS),
        flags = ProtoField.uint8(prefix .. ".flags", "Flags", base.HEX),
        first = ProtoField.uint16(prefix .. ".first", "First port"),
        last = ProtoField.uint16(prefix .. ".last", "Last port"),
    }
end

local spa_fields = port_address_fields("spa", "Sender")
local tpa_fields = port_address_fields("tpa", "Target")

local all_fields = {}
for _, fields in ipairs({ f, spa_fields, tpa_fields }) do
    for _, field in pairs(fields) do
        all_fields[#all_fields + 1] = field
    end
end
pearp.fields = all_fields

-- Expert infos ------------------------------------------------------------------------------------------------------

local all_experts = {}

local function fault(name, text, severity)
    local group = severity == expert.severity.ERROR and expert.group.MALFORMED or expert.group.PROTOCOL
    local info = ProtoExpert.new("pearp.expert." .. name, text, group, severity)
    all_experts[#all_experts + 1] = info
    return { info = info, text = text, refused = severity == expert.severity.ERROR }
end

local function refused(name, text)
    return fault(name, text, expert.severity.ERROR)
end

local bad = {
    lengths = refused("lengths", "Address lengths other than 6 and 10"),
    cut = refused("cut", "The frame ends before the fixed fields do"),
    version = refused("version", "A version other than 1"),
    type = refused("type", "Unknown type"),
    op = refused("op", "The operation does not fit the type"),
    sha = refused("sha", "The sender MAC address is not the frame's source"),
    ports = refused("ports", "The last port is below the first"),
    ext_len = refused("ext_len", "TLVs of more than 512 bytes"),
    ext_beyond = refused("ext_beyond", "The TLVs reach beyond the frame"),
    tlv_cut = refused("tlv.cut", "The TLV reaches beyond the TLVs' length"),
    tlv_length = refused("tlv.length", "A length that this TLV cannot have"),
    tlv_unknown = refused("tlv.unknown", "Unknown TLV below 0x40"),
    tlv_repeated = refused("tlv.repeated", "A TLV of this type came before"),
    auth_last = refused("tlv.auth_last", "AUTH is not the last TLV"),
    psid = refused("psid.value", "Offset, length and PSID do not fit 16 bits"),
    psid_bounds = refused("psid.bounds", "The sender's ports are not the lowest and the highest of its port set"),
    skipped = fault("tlv.skipped", "Unknown TLV from 0x40 on, skipped", expert.severity.NOTE),
    flags = fault("flags", "Flags are zero when sent, and ignored when read", expert.severity.NOTE),
    captured = fault("captured", "The capture kept less than the frame", expert.severity.NOTE),
}
pearp.experts = all_experts

-- One frame under dissection: {tvb, pinfo, tree, seen (TLV types), fault (the first that refuses it), note}.

local function report(ctx, item, which)
    item:add_proto_expert_info(which.info, which.text)
    if which.refused and not ctx.fault then
        ctx.fault = which.text
    end
end

-- The bytes that are there of a stretch of the frame; nil where none is.
local function captured(ctx, offset, length)
    local left = ctx.tvb:captured_len() - offset
    if left <= 0 or length <= 0 then
        return nil
    end
    return ctx.tvb:range(offset, math.min(left, length))
end

-- Port addresses and port sets --------------------------------------------------------------------------------------

local function ports_text(a)
    local text = tostring(a.address) .. ":" .. a.first
    if a.last ~= a.first then
        text = text .. "-" .. a.last
    end
    if a.protocol ~= 0 then
        text = text .. "/" .. (PROTOCOLS[a.protocol] or a.protocol)
    end
    return text
end

local function port_address(ctx, fields, offset)
    local range = ctx.tvb:range(offset, 10)
    local a = {
        address = range:range(0, 4):ipv4(), protocol = range:range(4, 1):uint(), flags = range:range(5, 1):uint(),
        first = range:range(6, 2):uint(), last = range:range(8, 2):uint(),
    }
    local tree = ctx.tree:add(fields.whole, range, ports_text(a))
    tree:add(fields.address, range:range(0, 4))
    tree:add(fields.protocol, range:range(4, 1))
    local flags = tree:add(fields.flags, range:range(5, 1))
    tree:add(fields.first, range:range(6, 2))
    local last = tree:add(fields.last, range:range(8, 2))
    if a.flags ~= 0 then
        report(ctx, flags, bad.flags)
    end
    if a.last < a.first then
        report(ctx, last, bad.ports)
    end
    return a
end

-- RFC 7597 section 5.1: a port is `offset` bits (not all zero unless there are none), the PSID, and the rest.
local function port_set(offset, length, psid)
    local rest = 2 ^ (16 - offset - length)
    local low = offset > 0 and 1 or 0
    local high = 2 ^ offset - 1
    local function span(index)
        local first = index * 2 ^ (16 - offset) + psid * rest
        return first, first + rest - 1
    end
    local shown = {}
    for index = low, math.min(high, low + SPANS_SHOWN - 1) do
        shown[#shown + 1] = string.format("%d-%d", span(index))
    end
    if high >= low + SPANS_SHOWN then
        shown[#shown + 1] = string.format("... %d-%d", span(high)) .. string.format(" (%d ranges)", high - low + 1)
    end
    local first = span(low)
    local _, last = span(high)
    return { first = first, last = last, text = table.concat(shown, ", ") }
end

-- TLVs --------------------------------------------------------------------------------------------------------------

local function dissect_psid(ctx, tree, value)
    local offset, length = value:range(0, 1):uint(), value:range(1, 1):uint()
    local left_aligned = value:range(2, 2):uint()
    tree:add(f.psid_offset, value:range(0, 1))
    tree:add(f.psid_length, value:range(1, 1))
    local unit = 2 ^ (16 - math.min(length, 16))
    local psid = math.floor(left_aligned / unit)
    local item = tree:add(f.psid, value:range(2, 2), psid)
    if offset > 15 or length < 1 or offset + length > 16 or psid * unit ~= left_aligned then
        report(ctx, item, bad.psid)
        return
    end
    local set = port_set(offset, length, psid)
    tree:add(f.psid_ports, value, set.text):set_generated()
    ctx.note = string.format("port set %d/%d, PSID %d", offset, length, psid)
    tree:append_text(string.format(": %d/%d, PSID %d", offset, length, psid))
    if ctx.spa.first ~= set.first or ctx.spa.last ~= set.last then
        report(ctx, item, bad.psid_bounds)
    end
end

local function dissect_gateway(_, tree, value)
    tree:add(f.gateway, value:range(0, 4))
    tree:add(f.gateway_mac, value:range(4, 6))
    tree:append_text(": " .. tostring(value:range(0, 4):ipv4()))
end

local function dissect_seq(_, tree, value)
    tree:add(f.seq, value)
    tree:append_text(": " .. tostring(value:uint64()))
end

local function dissect_shared_mac(_, tree, value)
    tree:add(f.shared_mac, value)
    tree:append_text(": " .. tostring(value:ether()))
end

local SERVICE_HEAD = 3

-- Labels of letters, digits, `-` (inside) and `_`, as the DNS has them.
local function is_name(text)
    local bare = text:gsub("%.$", "")
    if #bare == 0 or #bare > 253 or bare:find("%z") then
        return false
    end
    for label in (bare .. "."):gmatch("(.-)%.") do
        if #label < 1 or #label > 63 or not label:find("^[%w_]") or not label:find("^[%w_-]*[%w_]$") then
            return false
        end
    end
    return true
end

-- False: it says nothing of use.
local function dissect_service(tree, value)
    local protocol, port = value:range(0, 1):uint(), value:range(1, 2):uint()
    local name = value:range(SERVICE_HEAD):raw()
    if protocol == 0 or port == 0 or not is_name(name) then
        return false
    end
    tree:add(f.service_protocol, value:range(0, 1))
    tree:add(f.service_port, value:range(1, 2))
    tree:add(f.service_name, value:range(SERVICE_HEAD), name)
    tree:append_text(string.format(": %s, %s %d", name, PROTOCOLS[protocol] or tostring(protocol), port))
    return true
end

local function dissect_auth(_, tree, value)
    tree:add(f.auth_key_id, value:range(0, 4))
    tree:add(f.auth_mac, value:range(4, 16))
    tree:append_text(": key " .. value:range(0, 4):uint())
end

local TLVS = {
    [1] = { length = 4, dissect = dissect_psid },
    [2] = { length = 10, dissect = dissect_gateway },
    [3] = { length = 8, dissect = dissect_seq },
    [4] = { length = 6, dissect = dissect_shared_mac },
    [AUTH] = { length = 20, dissect = dissect_auth },
}

local function dissect_unknown_tlv(ctx, tree, kind, value)
    if value then
        tree:add(f.tlv_value, value)
    end
    report(ctx, tree, kind < SKIPPED_FROM and bad.tlv_unknown or bad.skipped)
end

local function dissect_tlv_value(ctx, tree, kind, length, value)
    if kind == SERVICE and value and value:len() == length and length > SERVICE_HEAD and dissect_service(tree, value) then
        return
    end
    local known = TLVS[kind]
    if not known then
        dissect_unknown_tlv(ctx, tree, kind, value)
        return
    end
    if ctx.seen[kind] then
        report(ctx, tree, bad.tlv_repeated)
    end
    ctx.seen[kind] = true
    if length ~= known.length then
        if value then
            tree:add(f.tlv_value, value)
        end
        report(ctx, tree, bad.tlv_length)
    elseif value and value:len() == length then
        known.dissect(ctx, tree, value)
    end
end

-- One TLV at `offset`, before `stop`; where the next one starts.
local function dissect_tlv(ctx, offset, stop)
    local whole = captured(ctx, offset, stop - offset)
    local kind = whole:range(0, 1):uint()
    local length = whole:len() > 1 and whole:range(1, 1):uint() or nil
    local ends = length and offset + 2 + length or stop
    local tree = ctx.tree:add(f.tlv, captured(ctx, offset, math.min(ends, stop) - offset))
    tree:set_text("TLV " .. (TLV_TYPES[kind] or string.format("0x%02x", kind)))
    tree:add(f.tlv_type, whole:range(0, 1))
    if ctx.seen[AUTH] then
        report(ctx, tree, bad.auth_last)
    end
    if length then
        tree:add(f.tlv_length, whole:range(1, 1))
    end
    if not length or ends > stop then
        if length or offset + whole:len() == stop then -- else the capture cut it, which is said once
            report(ctx, tree, bad.tlv_cut)
        end
        return stop
    end
    dissect_tlv_value(ctx, tree, kind, length, captured(ctx, offset + 2, length))
    return ends
end

local function dissect_tlvs(ctx, ext_len, ext_item)
    if ext_len > TLVS_MAX_BYTES then
        report(ctx, ext_item, bad.ext_len)
    end
    local stop = FIXED_BYTES + ext_len
    if stop > ctx.tvb:reported_len() then
        report(ctx, ext_item, bad.ext_beyond)
        stop = ctx.tvb:reported_len()
    end
    local offset = FIXED_BYTES
    while offset < math.min(stop, ctx.tvb:captured_len()) do
        offset = dissect_tlv(ctx, offset, stop)
    end
    local padding = captured(ctx, stop, ctx.tvb:reported_len() - stop)
    if padding then
        ctx.tree:add(f.padding, padding)
    end
end

-- Requests and their replies ----------------------------------------------------------------------------------------

-- By asker, nonce and what was asked: the last request seen. By frame number: its reply, its request.
local requests, reply_in, reply_to = {}, {}, {}

function pearp.init()
    requests, reply_in, reply_to = {}, {}, {}
end

local function match(ctx, m)
    if ctx.pinfo.visited then
        return
    end
    local asker = m.type == REQUEST and m.sha or m.tha
    local key = table.concat({ tostring(asker), tostring(m.nonce), tostring(m.tpa.address), m.tpa.first }, " ")
    if m.type == REQUEST then
        requests[key] = { number = ctx.pinfo.number, time_s = ctx.pinfo.rel_ts }
    elseif m.type == REPLY and requests[key] then
        reply_to[ctx.pinfo.number] = requests[key]
        reply_in[requests[key].number] = reply_in[requests[key].number] or ctx.pinfo.number
    end
end

local function duration(time_s)
    local whole_s = math.floor(time_s)
    return NSTime.new(whole_s, math.floor((time_s - whole_s) * 1e9 + 0.5))
end

local function show_match(ctx, m)
    match(ctx, m)
    local request = reply_to[ctx.pinfo.number]
    if m.type == REPLY and request then
        ctx.tree:add(f.reply_to, request.number):set_generated()
        ctx.tree:add(f.reply_time, duration(ctx.pinfo.rel_ts - request.time_s)):set_generated()
    elseif m.type == REQUEST and reply_in[ctx.pinfo.number] then
        ctx.tree:add(f.reply_in, reply_in[ctx.pinfo.number]):set_generated()
    end
end

-- The Info column ---------------------------------------------------------------------------------------------------

local function seconds(lifetime)
    return lifetime > 0 and string.format(", for %d s", lifetime) or ""
end

local function holds(m)
    return ports_text(m.spa) .. (m.note and " (" .. m.note .. ")" or "")
end

local INFO = {
    [REQUEST] = function(m)
        local whom = m.all and "Who has " or "Does " .. tostring(m.tha) .. " have "
        return string.format("%s%s? (nonce %s)", whom, ports_text(m.tpa), tostring(m.nonce))
    end,
    [REPLY] = function(m)
        return string.format("%s is at %s%s (nonce %s)", holds(m), tostring(m.sha), seconds(m.lifetime), tostring(m.nonce))
    end,
    [CLAIM] = function(m)
        return "Claim " .. holds(m) .. seconds(m.lifetime)
    end,
    [RELEASE] = function(m)
        return "Release " .. holds(m)
    end,
    [CONFLICT] = function(m)
        return string.format("Conflict: %s claimed %s, mine is %s", tostring(m.tha), ports_text(m.tpa), holds(m))
    end,
    [HELLO] = function(m)
        return string.format("Hello, the bridge of %s (epoch %s, claims within %d s)", ports_text(m.tpa), tostring(m.nonce),
                             m.lifetime)
    end,
}

local function show_info(ctx, text)
    if ctx.fault then
        text = text .. " [refused: " .. ctx.fault .. "]"
    end
    ctx.pinfo.cols.info:set(text)
    ctx.tree:append_text(", " .. text)
end

-- The message -------------------------------------------------------------------------------------------------------

local HEADER = { { f.hrd, 0, 2 }, { f.pro, 2, 2 }, { f.hln, 4, 1 }, { f.pln, 5, 1 }, { f.op, 6, 2 } }
local BODY = {
    { f.sha, 8, 6 }, { f.tha, 24, 6 }, { f.version, 40, 1 }, { f.type, 41, 1 }, { f.lifetime, 42, 2 },
    { f.nonce, 44, 8 }, { f.ext_len, 52, 2 },
}

local function add_rows(ctx, rows)
    for _, row in ipairs(rows) do
        if row[2] + row[3] <= ctx.tvb:captured_len() then
            ctx.tree:add(row[1], ctx.tvb:range(row[2], row[3]))
        end
    end
end

-- What is there of a message without all its fixed fields.
local function dissect_cut(ctx)
    add_rows(ctx, BODY)
    if ctx.tvb:reported_len() < FIXED_BYTES then
        report(ctx, ctx.tree, bad.cut)
    end
    local kind = ctx.tvb:captured_len() > 41 and TYPES[ctx.tvb:range(41, 1):uint()]
    show_info(ctx, kind or "PE-ARP")
end

local function dissect_head(ctx)
    local tvb, tree = ctx.tvb, ctx.tree
    local m = { op = tvb:range(6, 2):uint(), sha = tvb:range(8, 6):ether(), tha = tvb:range(24, 6):ether() }
    local sha = tree:add(f.sha, tvb:range(8, 6))
    if tostring(ctx.pinfo.dl_src) ~= "" and m.sha ~= ctx.pinfo.dl_src then
        report(ctx, sha, bad.sha)
    end
    m.all = tvb:range(24, 6):bytes():tohex() == "000000000000" -- nobody in particular is asked
    m.spa = port_address(ctx, spa_fields, 14)
    tree:add(f.tha, tvb:range(24, 6))
    m.tpa = port_address(ctx, tpa_fields, 30)
    ctx.spa = m.spa
    return m
end

local function dissect_body(ctx, m)
    local tvb, tree = ctx.tvb, ctx.tree
    local version = tree:add(f.version, tvb:range(40, 1))
    if tvb:range(40, 1):uint() ~= 1 then
        report(ctx, version, bad.version)
    end
    m.type, m.lifetime, m.nonce = tvb:range(41, 1):uint(), tvb:range(42, 2):uint(), tvb:range(44, 8):uint64()
    local kind = tree:add(f.type, tvb:range(41, 1))
    if not TYPES[m.type] then
        report(ctx, kind, bad.type)
    elseif OPERATION_OF[m.type] ~= m.op then
        report(ctx, kind, bad.op)
    end
    local lifetime = tree:add(f.lifetime, tvb:range(42, 2))
    lifetime:append_text(m.type == HELLO and " seconds for the claims" or m.lifetime == 0 and ": the receiver's default" or
                         " seconds")
    local nonce = tree:add(f.nonce, tvb:range(44, 8))
    if m.type == HELLO then
        nonce:append_text(" (the epoch)")
    end
    dissect_tlvs(ctx, tvb:range(52, 2):uint(), tree:add(f.ext_len, tvb:range(52, 2)))
    m.note = ctx.note
end

local function is_pearp(tvb)
    return tvb:captured_len() >= 8 and tvb:range(0, 2):uint() == 1 and tvb:range(2, 2):uint() == ETHERTYPE_PEARP
end

local function dissect(tvb, pinfo, root)
    pinfo.cols.protocol:set("PE-ARP")
    local ctx = { tvb = tvb, pinfo = pinfo, tree = root:add(pearp, tvb:range()), seen = {} }
    add_rows(ctx, HEADER)
    if tvb:captured_len() < tvb:reported_len() then
        report(ctx, ctx.tree, bad.captured)
    end
    if tvb:range(4, 1):uint() ~= 6 or tvb:range(5, 1):uint() ~= 10 then
        report(ctx, ctx.tree, bad.lengths)
        show_info(ctx, "PE-ARP")
    elseif tvb:captured_len() < FIXED_BYTES then
        dissect_cut(ctx)
    else
        local m = dissect_head(ctx)
        dissect_body(ctx, m)
        show_match(ctx, m)
        local info = INFO[m.type]
        show_info(ctx, info and info(m) or string.format("PE-ARP of type %d", m.type))
    end
    return tvb:captured_len()
end

-- EtherTypes --------------------------------------------------------------------------------------------------------

-- Whoever was there before goes on to get what is not PE-ARP: for 0x0806, Wireshark's own ARP.
local ethertypes = DissectorTable.get("ethertype")
local others = {
    [ETHERTYPE_ARP] = ethertypes:get_dissector(ETHERTYPE_ARP),
    [ETHERTYPE_PEARP] = ethertypes:get_dissector(ETHERTYPE_PEARP),
}

function pearp.dissector(tvb, pinfo, root)
    if is_pearp(tvb) then
        return dissect(tvb, pinfo, root)
    end
    local other = others[pinfo.match_uint]
    if not other then
        return 0
    end
    -- Where that one meets a malformed frame it has said so in the tree, and only then call() raises an error.
    local read, length = pcall(other.call, other, tvb, pinfo, root)
    return read and length or tvb:captured_len()
end

ethertypes:add(ETHERTYPE_PEARP, pearp)
ethertypes:add(ETHERTYPE_ARP, pearp)
