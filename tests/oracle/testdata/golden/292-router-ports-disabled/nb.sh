# Ports to routers: disabled at either end, with addresses of their own, flooding multicast.
n=0
mk() {
  n=$((n+1))
  ovn-nbctl ls-add m$n -- set Logical_Switch m$n other_config:mcast_snoop=true other_config:mcast_flood_unregistered=false
  ovn-nbctl lsp-add m$n p$n -- set Logical_Switch_Port p$n $1 $2
}
for e in true false; do
  mk options:mcast_flood=true enabled=$e
  mk options:mcast_flood_reports=true enabled=$e
done
ovn-nbctl lr-add r -- set Logical_Router r options:mcast_relay=true
for e in true false; do
  ovn-nbctl ls-add w$e -- set Logical_Switch w$e other_config:mcast_snoop=true
  ovn-nbctl lrp-add r r$e 0a:00:00:00:00:01 10.0.0.1/24 -- set Logical_Router_Port r$e options:mcast_flood=true enabled=$e
  ovn-nbctl lsp-add w$e w$e-r -- lsp-set-type w$e-r router -- lsp-set-options w$e-r router-port=r$e mcast_flood=true
  ovn-nbctl set Logical_Switch_Port w$e-r enabled=$e
done

# With a distributed gateway port, with and without a physical network: a disabled port drops.
i=0
for net in no yes; do for e in lsp lrp; do
  i=$((i+1)); h=0a:00:00:01:0$i
  ovn-nbctl ls-add g$i
  ovn-nbctl lr-add gr$i
  ovn-nbctl lrp-add gr$i gp$i $h:01 10.1.$i.1/24 -- lrp-set-gateway-chassis gp$i hv1 1
  ovn-nbctl lsp-add g$i g$i-r -- lsp-set-type g$i-r router -- lsp-set-options g$i-r router-port=gp$i -- lsp-set-addresses g$i-r router
  ovn-nbctl lsp-add g$i g$i-p -- lsp-set-addresses g$i-p "$h:02 10.1.$i.2"
  ovn-nbctl lr-nat-add gr$i dnat_and_snat 10.1.$i.9 192.168.0.$i g$i-p $h:09
  test $e = lsp && ovn-nbctl lsp-set-enabled g$i-r disabled || ovn-nbctl lrp-set-enabled gp$i disabled
  test $net = no || ovn-nbctl lsp-add g$i g$i-l -- lsp-set-type g$i-l localnet -- lsp-set-options g$i-l network_name=phys -- lsp-set-addresses g$i-l unknown
done; done

# What the addresses of a port of type router say counts only where it leads to no router port.
ovn-nbctl lr-add rr
ovn-nbctl ls-add s
i=0
for peer in yes no; do for e in enabled disabled; do for a in '["router","0a:00:00:00:09:01 10.0.0.1"]' '["0a:00:00:00:09:01 10.0.0.1","0a:00:00:00:09:02"]' '["unknown","router"]'; do
  i=$((i+1)); h=$(printf %02x $i)
  ovn-nbctl lrp-add rr rr$i 0a:00:00:00:$h:03 10.0.$i.1/24
  ovn-nbctl lsp-add s s-r$i -- lsp-set-type s-r$i router
  test $peer = no || ovn-nbctl lsp-set-options s-r$i router-port=rr$i
  ovn-nbctl set Logical_Switch_Port s-r$i addresses="$a"
  ovn-nbctl lsp-set-enabled s-r$i $e
done; done; done
ovn-nbctl set NB_Global . options:mac_prefix=0e:00:01 # has stock compute everything anew
