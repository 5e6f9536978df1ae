i=0
for o in 1 '10.0.0.0/24:1;fe80::/10:0' '10.0.0.0/24:0;1' 'junk;1' '10.0.0.1:1;100000' '4294967295' ''; do
ovn-nbctl lr-add r$i -- lrp-add r$i r$i-p 0a:00:00:00:ff:00 10.0.0.254/24 -- set Logical_Router r$i options:mac_binding_age_threshold="\"$o\""
d=$(ovn-sbctl --bare --columns=_uuid find Datapath_Binding external_ids:name=r$i)
for ip in 10.0.0.1 10.0.1.1 fe80::1; do ovn-sbctl create MAC_Binding datapath=$d logical_port=r$i-p ip=\"$ip\" mac=\"0a:00:00:00:00:01\" timestamp=1000 >/dev/null; done
ovn-sbctl create MAC_Binding datapath=$d logical_port=r$i-p ip=10.0.0.99 mac=\"0a:00:00:00:00:01\" timestamp=9999999999999 >/dev/null
i=$((i+1)); done
for i in 0 1 2; do o=$(echo "0 x 1"|cut -d' ' -f$((i+1)));ovn-nbctl ls-add sw$i -- set Logical_Switch sw$i other_config:fdb_age_threshold=$o -- lsp-add sw$i p$i -- lsp-set-addresses p$i unknown
k=$(ovn-sbctl --bare --columns=tunnel_key find Datapath_Binding external_ids:name=sw$i)
ovn-sbctl create FDB mac=\"0a:00:00:00:00:01\" dp_key=$k port_key=1 timestamp=1000 >/dev/null
ovn-sbctl create FDB mac=\"0a:00:00:00:00:02\" dp_key=$k port_key=1 timestamp=9999999999999 >/dev/null
ovn-sbctl create FDB mac=\"0a:00:00:00:00:03\" dp_key=$k port_key=1 >/dev/null
done
# Aging takes place in the background: of the old rows, 12 bindings and 4 MACs stay.
old() { ovn-sbctl --bare --columns=_uuid find $1 'timestamp<9999' | grep -c .; }
for try in $(seq 100); do [ "$(old MAC_Binding) $(old FDB)" = "12 4" ] && break; sleep 0.1; done
ovn-nbctl sync
